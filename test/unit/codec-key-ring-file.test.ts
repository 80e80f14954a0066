import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeyRingError, loadKeyRing } from '../../src/codec/index.js';
import { addKey, promoteKey } from '../../src/codec/key-ring-file.js';
import { aKey, ringText } from '../helpers/keys.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'key-ring-file-'));
  file = join(folder, 'keys.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ids = () => loadKeyRing({ MARKETPLACE_CODEC_KEYS_FILE: file })?.ids ?? [];

describe('a key ring file', () => {
  it('keeps every key that was said to be added, however many ask at once', async () => {
    const changes = await Promise.allSettled(Array.from({ length: 8 }, () => addKey(file, 'last')));
    const refusals = changes.flatMap((change) => (change.status === 'rejected' ? [change.reason] : []));
    for (const refusal of refusals) expect(refusal).toBeInstanceOf(KeyRingError);
    expect(ids()).toHaveLength(changes.length - refusals.length);
    expect(readdirSync(folder)).toEqual(['keys.json']);
  });

  it.each([
    ['add to', () => addKey(file, 'first')],
    ['promote in', () => promoteKey(file, 'b')],
  ])('that somebody else is changing is none to %s', async (_what, change) => {
    const real = join(folder, 'real.json');
    const text = ringText(aKey('a', 1), aKey('b', 2));
    writeFileSync(real, text);
    symlinkSync(real, file);
    writeFileSync(`${real}.lock`, '');
    const refused = await change().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(KeyRingError);
    expect(refused).toMatchObject({
      mistakes: [expect.stringMatching(/somebody else is changing it.*remove .*real\.json\.lock/)],
    });
    expect(readFileSync(real, 'utf8')).toBe(text);
    // The lock is theirs to remove.
    expect(readdirSync(folder).toSorted()).toEqual(['keys.json', 'real.json', 'real.json.lock']);
    rmSync(`${real}.lock`);
    await change();
    expect(ids()[0]).not.toBe('a');
  });

  it('that could not be changed is not left locked', async () => {
    writeFileSync(file, ringText(aKey('a', 1)));
    await expect(promoteKey(file, 'b')).rejects.toBeInstanceOf(KeyRingError);
    expect(await promoteKey(file, 'a')).toMatchObject({ ids: ['a'] });
  });
});
