import { Command } from 'commander';
import { usageError } from '../errors.js';
import { globalsOf } from '../global-options.js';
import type { Look } from '../output.js';
import { PortalControl, simulatorUrlOption, type WaitingFault } from '../portal-control.js';
import { PROGRAM } from '../program-name.js';
import { readFaults } from '../read-faults.js';
import { safeJson } from '../sanitize.js';
import { relative, table } from '../text.js';

const HELP = `
For a simulator that runs as a process of its own, on this machine. A fault is what happens to a call, such as an
answer that is lost: docs/run.md lists them. A call takes one fault, the first that is ready.

Examples:
  $ ${PROGRAM} faults add '{"call":"place","then":{"do":"drop","when":"after"}}'
  $ ${PROGRAM} faults add --file faults.json --url http://127.0.0.1:8080
  $ ${PROGRAM} faults list -o jsonl | jq -c .fault
  $ ${PROGRAM} faults clear`;

interface UrlFlag {
  readonly url?: string;
}

interface AddFlags extends UrlFlag {
  readonly file?: string;
}

/** `marketplace faults`: what goes wrong at a simulator that runs. */
export function faultsCommand(): Command {
  return new Command('faults')
    .description('let things go wrong at a running simulator')
    .addHelpText('after', HELP)
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(clearCommand());
}

function addCommand(): Command {
  return new Command('add')
    .description('add one or several')
    .argument('[json]', 'a fault, or a list of them')
    .option('--file <file>', 'a file that holds them; - for standard input')
    .addOption(simulatorUrlOption())
    .addHelpText('after', HELP)
    .action(async (json: string | undefined, { url, file }: AddFlags, command: Command) => {
      const { output } = globalsOf(command);
      if (json === undefined && file === undefined) throw usageError('name a fault, or a file with --file');
      const control = PortalControl.at(url);
      const faults = await readFaults({ inline: json === undefined ? [] : [json], file });
      const added = await control.addFaults(faults);
      output.item({ added }, () => [`Added ${counted(added)}.`]);
    });
}

function listCommand(): Command {
  return new Command('list')
    .description('those that still wait for their calls')
    .addOption(simulatorUrlOption())
    .addHelpText('after', HELP)
    .action(async ({ url }: UrlFlag, command: Command) => {
      await globalsOf(command).output.items(waitingAt(PortalControl.at(url)), faultLines);
    });
}

function clearCommand(): Command {
  return new Command('clear')
    .description('drop all that still wait')
    .addOption(simulatorUrlOption())
    .addHelpText('after', HELP)
    .action(async ({ url }: UrlFlag, command: Command) => {
      const { output } = globalsOf(command);
      const control = PortalControl.at(url);
      const { length: cleared } = await control.faults();
      await control.clearFaults();
      output.item({ cleared }, () => [`Cleared ${counted(cleared)}.`]);
    });
}

async function* waitingAt(control: PortalControl): AsyncGenerator<WaitingFault> {
  yield* await control.faults();
}

function faultLines(faults: readonly WaitingFault[], { now, style }: Look): string[] {
  if (faults.length === 0) return ['No fault waits.'];
  const rows = faults.map(({ fault, left, skip, from, until }) => [
    left === 'always' ? left : left === 1 ? 'once' : `${left} times`,
    String(skip),
    spanText(from, until, now),
    safeJson(fault),
  ]);
  return table([['FOR', 'SKIPS', 'TIME', 'FAULT'], ...rows], (cell, row) =>
    row === 0 ? style.bold(cell) : cell,
  );
}

/** When a fault is for calls: `begins in 10s, ends in 40s`. */
function spanText(from: number | undefined, until: number | undefined, now: number): string {
  if (from === undefined || until === undefined) return 'any';
  const end = `ends ${relative(isoOf(until), now)}`;
  return from <= now ? end : `begins ${relative(isoOf(from), now)}, ${end}`;
}

function isoOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function counted(count: number): string {
  return count === 1 ? '1 fault' : `${count} faults`;
}
