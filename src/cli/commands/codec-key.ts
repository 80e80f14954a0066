import { Command, Option } from 'commander';
import { KeyRingError } from '../../codec/index.js';
import { addKey, promoteKey, type KeyRingChange } from '../../codec/key-ring-file.js';
import { usageError } from '../errors.js';
import { globalsOf } from '../global-options.js';
import { PROGRAM } from '../program-name.js';
import { oneLine } from '../sanitize.js';
import { shellQuote } from '../text.js';

const HELP = `
The first key of a ring encrypts, all decrypt. The file is written with mode 0600, and at once or not at all; no key
is ever printed. To change the key of purchases under way, add one with --standby, bring the file to everyone, then
--promote it and bring the file again: docs/codec.md says why.

Examples:
  $ ${PROGRAM} codec-key --file keys.json
  $ ${PROGRAM} codec-key --file keys.json --standby
  $ ${PROGRAM} codec-key --file keys.json --promote 2026-12-01`;

interface KeyFlags {
  readonly file: string;
  readonly standby?: boolean;
  readonly promote?: string;
}

export function codecKeyCommand(): Command {
  return new Command('codec-key')
    .description('make a key that encrypts customer data, or change which one does')
    .requiredOption('--file <path>', 'the key ring; made when it is not there')
    .option('--standby', 'add a key that decrypts only, for now')
    .addOption(new Option('--promote <id>', 'no new key: this one encrypts from now on').conflicts('standby'))
    .addHelpText('after', HELP)
    .action(async (flags: KeyFlags, command: Command) => {
      const { output } = globalsOf(command);
      const change = await changed(flags);
      const { id, ids } = change;
      output.item({ file: flags.file, key: id, keys: ids, encrypts: ids[0] }, (look) => [
        `${look.style.green(doneIn(flags, change))} ${oneLine(flags.file)}: ${ids.join(', ')}`,
        '',
        ...nextSteps(flags, change),
      ]);
    });
}

async function changed({ file, standby = false, promote }: KeyFlags): Promise<KeyRingChange> {
  try {
    return promote === undefined
      ? await addKey(file, standby ? 'last' : 'first')
      : await promoteKey(file, promote);
  } catch (error) {
    if (!(error instanceof KeyRingError)) throw error;
    throw usageError(error.mistakes.map((mistake) => `${oneLine(file)}: ${mistake}`).join('\n'));
  }
}

function doneIn({ promote }: KeyFlags, { id }: KeyRingChange): string {
  return promote === undefined ? `Key ${id} added to` : `Key ${id} is now the first of`;
}

function nextSteps({ file, promote }: KeyFlags, { id, ids }: KeyRingChange): string[] {
  const path = shellQuote(file);
  const setting = `  export MARKETPLACE_CODEC_KEYS_FILE=${path}`;
  if (ids[0] !== id) {
    return [
      `Key ${ids[0]} still encrypts. Bring the file to workers, callers, the codec server and operators, and restart`,
      'them. Then:',
      `  ${PROGRAM} codec-key --file ${path} --promote ${id}`,
    ];
  }
  if (promote === undefined && ids.length > 1) {
    return [
      `Key ${id} encrypts for whoever has this file, and nobody without it can read that. If purchases are under way,`,
      'bring the file to all readers first: --standby and --promote do that in two steps.',
    ];
  }
  return promote === undefined
    ? [
        'Keep a copy where it cannot be lost: without it, what it encrypts is gone. Workers and callers read it from',
        setting,
      ]
    : [
        'Bring the file to all workers and callers, and restart them. Keep the older keys as long as a history has',
        'them: until the last purchase begun under them is closed and its retention has passed.',
      ];
}
