import type { Command, Option } from 'commander';

/** An option, as a shell needs to know it. */
export interface OptionWords {
  /** `--phase`, and `-o` where it has a short form. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  /** The values there are; none where anything goes. */
  readonly choices: readonly string[];
  /** Whether its value is a file. */
  readonly isFile: boolean;
}

/** A command, as a shell needs to know it. */
export interface CommandWords {
  /** How it is called: `list`, `faults add`. */
  readonly path: readonly string[];
  readonly description: string;
  /** The commands below it. */
  readonly commands: readonly CommandWords[];
  /** Its own options and those of every command. */
  readonly options: readonly OptionWords[];
  /** What its argument may be, where that is known. */
  readonly choices: readonly string[];
  /** Whether it takes a file. */
  readonly takesFile: boolean;
}

/** All words of the command line: what is completed is what is parsed. */
export function wordsOf(command: Command, path: readonly string[] = []): CommandWords {
  const globals = rootOf(command).options;
  const own = path.length === 0 ? [] : command.options;
  return {
    path,
    description: command.description(),
    commands: command.commands.map((child) => wordsOf(child, [...path, child.name()])),
    options: [...[...own, ...globals].map(optionWords), HELP],
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    takesFile: command.registeredArguments.some((argument) => argument.name() === 'file'),
  };
}

const HELP: OptionWords = {
  flags: ['-h', '--help'],
  description: 'explain a command',
  takesValue: false,
  choices: [],
  isFile: false,
};

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}

function optionWords({
  short,
  long,
  description,
  required,
  optional,
  argChoices,
  flags,
}: Option): OptionWords {
  return {
    flags: [short, long].filter((flag) => typeof flag === 'string'),
    description,
    takesValue: required || optional,
    choices: argChoices ?? [],
    isFile: flags.includes('<file>'),
  };
}

/** A command and all below it, the upper ones first. */
export function withAllBelow(command: CommandWords): CommandWords[] {
  return [command, ...command.commands.flatMap(withAllBelow)];
}
