import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CliError } from '../../src/cli/errors.js';
import { EXIT } from '../../src/cli/exit-codes.js';
import { readFaults } from '../../src/cli/read-faults.js';
import { rejection } from '../helpers/failures.js';

const folder = mkdtempSync(join(tmpdir(), 'cli-faults-'));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const DROP = { call: 'place', then: { do: 'drop', when: 'after' } };
const HIDE = { call: 'find', times: 2, then: [{ do: 'hide', forMs: 100 }] };

function fileWith(content: unknown): string {
  const path = join(folder, 'faults.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** What is said about faults that are not taken. */
async function saidOf(content: unknown): Promise<string> {
  const error = await rejection(readFaults({ inline: [], file: fileWith(content) }));
  if (!(error instanceof CliError)) throw error;
  expect(error.report).toMatchObject({ type: 'Usage', exitCode: EXIT.usage });
  return error.report.message;
}

describe('faults', () => {
  it('may be one or a list, on the command line and, after those, in a file', async () => {
    const inline = [JSON.stringify(HIDE), JSON.stringify([HIDE, HIDE])];
    expect(await readFaults({ inline, file: fileWith(DROP) })).toEqual([HIDE, HIDE, HIDE, DROP]);
    expect(await readFaults({ inline: [], file: fileWith([DROP, HIDE]) })).toEqual([DROP, HIDE]);
    expect(await readFaults({ inline: [] })).toEqual([]);
  });

  it('that are wrong are named by file, place in the list and problem', async () => {
    const wrong = [DROP, { ...DROP, call: 'plce' }, { ...DROP, times: 0, skip: -1 }, 7];
    const [first, ...lines] = (await saidOf(wrong)).split('\n');
    expect(first).toMatch(/faults\.json: there are 4 mistakes:$/);
    expect(lines).toEqual([
      expect.stringMatching(/^ {2}- fault 2: call: Invalid option/),
      expect.stringMatching(/^ {2}- fault 3: times: /),
      expect.stringMatching(/^ {2}- fault 3: skip: /),
      expect.stringMatching(/^ {2}- fault 4: Invalid input: expected object/),
    ]);
  });

  it('that stand alone have no place', async () => {
    expect(await saidOf({ call: 'find' })).toMatch(
      /faults\.json: there is a mistake:\n {2}- then: must be a valid action/,
    );
  });

  it('are not listed without end', async () => {
    const lines = (await saidOf(Array.from({ length: 500 }, () => 0))).split('\n');
    expect(lines).toHaveLength(22);
    expect(lines.at(-1)).toBe('  … and 480 more');
  });

  it.each([
    ['an empty file', '', /faults\.json: is empty$/],
    ['broken JSON', '[{]', /faults\.json: is not valid JSON: line 1, column 3$/],
    ['more than any list of faults', `["${'x'.repeat(1_100_000)}"]`, /faults\.json: is larger than 1 MiB$/],
  ])('are not in %s', async (_name, content, says) => {
    expect(await saidOf(content)).toMatch(says);
  });

  it('on the command line are named so', async () => {
    await expect(readFaults({ inline: ['{'] })).rejects.toThrow(/^the fault given: is not valid JSON/);
    await expect(readFaults({ inline: ['{}'] })).rejects.toThrow(/^the fault given: there are 2 mistakes/);
  });
});
