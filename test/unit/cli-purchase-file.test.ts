import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CliError } from '../../src/cli/errors.js';
import { EXIT } from '../../src/cli/exit-codes.js';
import { packageFile } from '../../src/cli/package-files.js';
import { readPurchaseFile } from '../../src/cli/purchase-file.js';

const folder = mkdtempSync(join(tmpdir(), 'cli-files-'));
const example = await readPurchaseFile(packageFile('examples', 'order.json'));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function fileWith(content: string | Uint8Array): string {
  const path = join(folder, 'order.json');
  writeFileSync(path, content);
  return path;
}

async function failureOf(path: string): Promise<CliError> {
  const error: unknown = await readPurchaseFile(path).catch((thrown: unknown) => thrown);
  if (error instanceof CliError) return error;
  throw new Error('it was taken', { cause: error });
}

describe('a purchase file', () => {
  it('may be a plain order', () => {
    expect(example.order.externalSubscriptionId).toBe('EXT-1001');
    expect(example.options).toBeUndefined();
  });

  it('may have options beside the order', async () => {
    const options = { onRejected: 'park', polling: { initialInterval: '1s' } };
    const path = fileWith(JSON.stringify({ order: example.order, options }));
    expect(await readPurchaseFile(path)).toEqual({ order: example.order, options });
  });

  it('keeps the fields that nobody here knows', async () => {
    const path = fileWith(JSON.stringify({ ...example.order, note: 'x', order: 7 }));
    expect((await readPurchaseFile(path)).order).toMatchObject({ note: 'x', order: 7 });
  });

  const BAD: [name: string, content: string | Uint8Array, says: RegExp][] = [
    ['empty', '', /is empty$/],
    ['only spaces', ' \n ', /is empty$/],
    ['an array', '[]', /holds an array, not a JSON object$/],
    ['null', 'null', /holds null/],
    ['a string', '"secret-word"', /holds a string/],
    ['cut off', '{"a": [1,', /not valid JSON: it ends too early$/],
    ['broken', '{\n  "a": secret-word\n}', /not valid JSON: line 2, column 8$/],
    ['with a comma too much', '{"a": 1,\n}', /line 2, column 1$/],
    ['two documents', '{}\n{}', /line 2, column 1$/],
    ['with a BOM', `\uFEFF${JSON.stringify(example.order)}`, /byte order mark/],
    ['UTF-16', Buffer.from('\uFEFF{}', 'utf16le'), /is UTF-16/],
    ['binary', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0, 0, 1), /is binary/],
    ['not UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d), /not UTF-8/],
    ['huge', `{"a":"${'x'.repeat(1_100_000)}"}`, /larger than 1 MiB/],
    ['no order', '{"a": 1}', /the order has \d mistakes:\n {2}- externalSubscriptionId: /],
    [
      'with unknown options',
      JSON.stringify({ order: example.order, options: { x: 1 } }),
      /a mistake:\n {2}- options/,
    ],
    ['a mistake', JSON.stringify({ ...example.order, orderLines: [] }), /a mistake:\n {2}- orderLines: /],
  ];

  it.each(BAD)('%s is refused by name, quoting nothing', async (_name, content, says) => {
    const path = fileWith(content);
    const { report } = await failureOf(path);
    expect(report.message).toMatch(says);
    expect(report.message).toContain(path);
    expect(report.message).not.toContain('secret-word');
    expect(report.exitCode).toBe(EXIT.usage);
  });

  it('that is not there, or no file, is refused by name', async () => {
    expect((await failureOf(join(folder, 'none.json'))).message).toMatch(
      /none\.json: there is no such file$/,
    );
    expect((await failureOf(folder)).message).toMatch(/is a directory/);
  });

  it.runIf(process.platform === 'linux')('without an end is refused', async () => {
    expect((await failureOf('/dev/zero')).message).toMatch(/larger than 1 MiB/);
  });
});
