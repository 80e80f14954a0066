import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.js';
import { formatIn } from '../../src/cli/global-options.js';
import { createProgram } from '../../src/cli/program.js';
import { programName } from '../../src/cli/program-name.js';

/** What `marketplace … --help` prints. */
async function helpOf(...args: string[]): Promise<string> {
  let text = '';
  const program = createProgram();
  const write = (part: string): void => {
    text += part;
  };
  const prepare = (command: Command): void => {
    command.configureOutput({ writeOut: write, writeErr: write });
    command.commands.forEach(prepare);
  };
  prepare(program);
  await program.parseAsync([...args, '--help'], { from: 'user' }).catch(() => undefined);
  return text;
}

const COMMANDS = [
  'demo',
  'purchase',
  'show',
  'status',
  'watch',
  'amend',
  'open',
  'doctor',
  'completion',
  'cancel',
  'retry',
  'list',
  'worker',
  'simulator',
  'faults',
  'codec-key',
  'codec-server',
];
const BELOW = ['simulator report', 'faults add', 'faults list', 'faults clear'];

describe('the help', () => {
  it('names every command', async () => {
    const names = createProgram().commands.map((command) => command.name());
    expect(names.toSorted()).toEqual(COMMANDS.toSorted());
  });

  it.each([...COMMANDS, ...BELOW])(
    'of %s has an example that calls it, and the global options',
    async (name) => {
      const help = await helpOf(...name.split(' '));
      expect(help).toMatch(new RegExp(`Examples:\\n[^]*marketplace ${name}`));
      expect(help).toContain('--output <format>');
      expect(help).toContain('--address <host:port>');
    },
  );

  it('documents every exit code', async () => {
    const help = await helpOf();
    for (const code of Object.values(EXIT)) expect(help).toMatch(new RegExp(`^  ${code}\\s+\\S`, 'm'));
  });
});

describe('the program', () => {
  it.each([
    ['/usr/local/bin/marketplace', {}, 'marketplace'],
    ['/usr/local/bin/marketplace', { npm_command: 'exec' }, 'npx marketplace'],
    ['/home/me/node_modules/.bin/marketplace', {}, 'npx marketplace'],
    ['/home/me/node_modules/.bin/marketplace', { npm_lifecycle_event: 'npx' }, 'npx marketplace'],
    ['/home/me/project/dist/src/cli/main.js', { npm_lifecycle_event: 'start' }, 'npx marketplace'],
    [undefined, {}, 'npx marketplace'],
  ])('started as %s with %j is called %s', (script, env, name) => {
    expect(programName({ script, env })).toBe(name);
  });
});

describe('a line that makes no sense', () => {
  it.each([
    [['statsu', 'x'], 'Did you mean status'],
    [['status'], "missing required argument 'id'"],
    [['list', '--limit', '0'], 'whole number from 1'],
    [['list', '--phase', 'Bogus'], 'Allowed choices are Placing'],
    [['purchase', 'x', '--within', 'soon'], 'duration such as'],
    [['status', 'x', '-o', 'yaml'], 'Allowed choices are text, json, jsonl'],
    [['status', 'x', 'y'], 'too many arguments'],
    [['simulator', '--port', '65536'], 'whole number from 0 to 65535'],
    [['simulator', 'repot'], 'too many arguments'],
    [['list', '--since', 'yesterday'], 'duration such as'],
    [['list', '--overdue', '--phase', 'Placing'], 'exclude each other'],
    [['list', '--status', 'done'], 'Allowed choices are running'],
    [['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish'],
    [['faults', 'ad'], 'Did you mean add'],
    [['faults', 'add'], 'name a fault, or a file with --file'],
    [['retry'], 'name the purchase, or all that are parked with --all'],
    [['retry', 'EXT-1', '--all', '--yes'], 'an ID and --all exclude each other'],
    [['retry', '--all', '-o', 'json'], 'it needs --yes'],
  ])('%j says so', async (args, message) => {
    await expect(createProgram().parseAsync(args, { from: 'user' })).rejects.toThrow(message);
  });
});

describe('the format asked for', () => {
  it.each([
    [['list', '-o', 'json'], 'json'],
    [['list', '--output=jsonl', '--bogus'], 'jsonl'],
    [['-o', 'json', 'list', '-o', 'text'], 'text'],
    [['list', '-o'], 'text'],
    [['list', '-o', 'yaml'], 'text'],
    [[], 'text'],
  ])('in %j is found', (args, format) => {
    expect(formatIn(args)).toBe(format);
  });
});
