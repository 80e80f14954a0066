import { withAllBelow, type CommandWords, type OptionWords } from './words.js';

/** One `complete` a word, each with the commands after which it is meant. */
export function fishScript(root: CommandWords): string {
  const lines = withAllBelow(root).flatMap((command) => [
    ...command.commands.map((child) => commandLine(command, child)),
    ...(command.choices.length === 0 ? [] : [`${start(command)} -a ${quote(command.choices.join(' '))}`]),
    ...(command.takesFile ? [`${start(command)} -F`] : []),
    ...(command === root ? [] : command.options.map((option) => optionLine(command, option))),
  ]);
  return ['# fish completion of marketplace', 'complete -c marketplace -f', ...lines].join('\n');
}

/** Where a command's words are meant: after it, and before one of those below it. */
function start({ path, commands }: CommandWords): string {
  const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const below = commands.map((child) => child.path.at(-1) ?? '');
  const isOpen = below.length === 0 ? [] : [`not __fish_seen_subcommand_from ${below.join(' ')}`];
  return `complete -c marketplace -n ${quote([...seen, ...isOpen].join('; and '))}`;
}

function commandLine(parent: CommandWords, child: CommandWords): string {
  return `${start(parent)} -a ${child.path.at(-1) ?? ''} -d ${quote(child.description)}`;
}

function optionLine(
  command: CommandWords,
  { flags, description, takesValue, choices, isFile }: OptionWords,
): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const values = choices.length === 0 ? '' : ` -a ${quote(choices.join(' '))}`;
  const value = takesValue ? ` -r${isFile ? ' -F' : ''}${values}` : '';
  return `${start(command)} ${names.join(' ')}${value} -d ${quote(description)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}
