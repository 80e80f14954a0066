import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadKeyRing } from '../../src/codec/index.js';
import { marketplace } from '../helpers/marketplace.js';

// The built command, as an operator calls it.

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'codec-key-'));
  file = join(folder, 'keys.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const TODAY = /^\d{4}-\d\d-\d\d$/;
const ids = () => loadKeyRing({ MARKETPLACE_CODEC_KEYS_FILE: file })?.ids ?? [];
const codecKey = (...args: readonly string[]) => marketplace(['codec-key', '--file', file, ...args]);

/** What is printed never has a key. */
function expectNoKeyIn(text: string): void {
  for (const [key = ''] of readFileSync(file, 'utf8').matchAll(/[A-Za-z0-9+/]{43}=/g)) {
    expect(text).not.toContain(key);
  }
}

describe('marketplace codec-key', () => {
  it('makes a file that only its owner can read, and says what to do with it', async () => {
    const { exitCode, stdout, stderr } = await codecKey();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(`export MARKETPLACE_CODEC_KEYS_FILE=${file}`);
    expect(ids()).toEqual([expect.stringMatching(TODAY)]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['keys.json']);
    expectNoKeyIn(stdout);
  });

  it('puts a further key first, and names it after the day and a number', async () => {
    await codecKey();
    const { stdout } = await codecKey();
    const [first, second] = ids();
    expect(first).toBe(`${second}-2`);
    expect(stdout).toContain('--standby and --promote');
    expectNoKeyIn(stdout);
  });

  it('changes the key in two steps', async () => {
    await codecKey();
    const [old = ''] = ids();
    const standby = await codecKey('--standby');
    expect(ids()).toEqual([old, `${old}-2`]);
    expect(standby.stdout).toContain(`codec-key --file ${file} --promote ${old}-2`);
    const before = loadKeyRing({ MARKETPLACE_CODEC_KEYS_FILE: file });
    const promoted = await codecKey('--promote', `${old}-2`, '-o', 'json');
    expect(JSON.parse(promoted.stdout)).toEqual({
      file,
      key: `${old}-2`,
      keys: [`${old}-2`, old],
      encrypts: `${old}-2`,
    });
    const after = loadKeyRing({ MARKETPLACE_CODEC_KEYS_FILE: file });
    for (const id of ids()) {
      expect(after?.get(id)?.secret.export()).toEqual(before?.get(id)?.secret.export());
    }
  });

  it('leaves a link a link', async () => {
    const real = join(folder, 'real.json');
    writeFileSync(real, JSON.stringify({ keys: [{ id: 'a', key: Buffer.alloc(32, 1).toString('base64') }] }));
    symlinkSync(real, file);
    expect((await codecKey()).exitCode).toBe(0);
    expect(readFileSync(real, 'utf8')).toBe(readFileSync(file, 'utf8'));
    expect(ids()).toHaveLength(2);
    expect(readdirSync(folder).toSorted()).toEqual(['keys.json', 'real.json']);
  });

  it.each([
    ['that is no key ring', '{"keys": "s3cret"}', [], /keys\.json: keys must be a list/],
    ['that is no JSON', 's3cret', [], /keys\.json: it is no JSON/],
    ['without the key to promote', undefined, ['--promote', 'b'], /keys\.json: it has no key of that ID/],
  ])('leaves a file alone %s', async (_what, text, args, said) => {
    if (text !== undefined) writeFileSync(file, text);
    const { exitCode, stdout, stderr } = await codecKey(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(said);
    expect(stderr).not.toContain('s3cret');
    expect(readdirSync(folder)).toEqual(text === undefined ? [] : ['keys.json']);
    if (text !== undefined) expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('says why a file cannot be written', async () => {
    const { exitCode, stderr } = await marketplace(['codec-key', '--file', join(folder, 'no', 'keys.json')]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('cannot be written (ENOENT)');
  });
});
