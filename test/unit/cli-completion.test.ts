import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { completionScript, SHELLS, type Shell } from '../../src/cli/completion/script.js';
import { createProgram } from '../../src/cli/program.js';
import { PURCHASE_PHASES } from '../../src/contract/index.js';

const folder = mkdtempSync(join(tmpdir(), 'cli-completion-'));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function scriptFor(shell: Shell): string {
  const path = join(folder, `marketplace.${shell}`);
  writeFileSync(path, `${completionScript(shell, createProgram())}\n`);
  return path;
}

function has(shell: Shell): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0;
}

function run(shell: Shell, ...args: readonly string[]): string {
  return execFileSync(shell, args, { encoding: 'utf8', cwd: folder });
}

/** What bash offers after a line, of which the last word is being typed. */
function inBash(...words: readonly string[]): string[] {
  const driver = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _marketplace; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ['--norc', '-c', driver, 'bash', scriptFor('bash'), 'marketplace', ...words];
  return run('bash', ...args)
    .split('\n')
    .filter(Boolean);
}

describe.runIf(has('bash'))('in bash', () => {
  it('every command is completed', () => {
    const names = createProgram().commands.map((command) => command.name());
    expect(inBash('')).toEqual(expect.arrayContaining(names));
    expect(inBash('re')).toEqual(['retry']);
  });

  it.each([
    [['list', '--phase', ''], PURCHASE_PHASES],
    [
      ['list', '--phase', 'Pro'],
      ['Provisioning', 'Provisioned'],
    ],
    [['-o', 'json', 'list', '--ph'], ['--phase']],
    [['list', '--partner', 'list', '--over'], ['--overdue']],
    [
      ['status', 'EXT-1', '-o', ''],
      ['text', 'json', 'jsonl'],
    ],
    [
      ['faults', ''],
      ['add', 'list', 'clear', '--output'],
    ],
    [['faults', 'add', '--fi'], ['--file']],
    [['completion', ''], SHELLS],
    [['list', '--since', ''], []],
  ])('after %j', (words, expected) => {
    const offered = inBash(...words);
    expect(offered).toEqual(expect.arrayContaining([...expected]));
    if (words.at(-1) !== '' || expected.length === 0) expect(offered).toHaveLength(expected.length);
  });

  it('files are completed where one is taken', () => {
    writeFileSync(join(folder, 'order.json'), '{}');
    expect(inBash('purchase', 'ord')).toEqual(['order.json']);
    expect(inBash('amend', 'EXT-1', 'ord')).toEqual(['order.json']);
    expect(inBash('list', 'ord')).toEqual([]);
  });
});

describe.runIf(has('zsh'))('in zsh', () => {
  it('the script is loaded, and registers itself', () => {
    const load = `autoload -Uz compinit && compinit -D -u && source "$1" && print -r -- $_comps[marketplace]`;
    const output = run('zsh', '-f', '-c', load, 'zsh', scriptFor('zsh'));
    expect(output.trim()).toBe('_marketplace');
  });
});

describe.runIf(has('fish'))('in fish', () => {
  it('commands, options and their values are completed', () => {
    const offered = (line: string): string =>
      run('fish', '--no-config', '-c', `source ${scriptFor('fish')}; complete -C '${line}'`);
    expect(offered('marketplace re')).toContain('retry');
    expect(offered('marketplace list --ph')).toContain('--phase');
    expect(offered('marketplace list --phase Pro')).toContain('Provisioned');
  });
});

describe('every script', () => {
  it.each(SHELLS)('for %s names all commands, and the phases', (shell) => {
    const script = completionScript(shell, createProgram());
    for (const { commands } of [createProgram()]) {
      for (const command of commands) expect(script).toContain(command.name());
    }
    expect(script).toContain(PURCHASE_PHASES.join(' '));
  });
});
