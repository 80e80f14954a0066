import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkCodecKeys } from '../../src/cli/doctor/codec-keys.js';

const KEY = Buffer.alloc(32, 7).toString('base64');
const RING = JSON.stringify({
  keys: [
    { id: 'new', key: KEY },
    { id: 'old', key: Buffer.alloc(32, 8).toString('base64') },
  ],
});

describe('what the doctor says of the codec keys', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'doctor-keys-'));
    file = join(folder, 'keys.json');
    writeFileSync(file, RING, { mode: 0o600 });
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('names the key that encrypts and those that decrypt too', () => {
    const finding = checkCodecKeys({ MARKETPLACE_CODEC_KEYS_FILE: file });
    expect(finding).toMatchObject({ state: 'good', message: 'new encrypts; old decrypt too' });
    expect(checkCodecKeys({ MARKETPLACE_CODEC_KEYS: RING }).state).toBe('good');
  });

  it('says that it did not check what is not there', () => {
    expect(checkCodecKeys({}).state).toBe('not checked');
  });

  it.each([
    ['a file that is not there', () => rmSync(file), /cannot be read \(ENOENT\)/],
    [
      'a ring that is broken',
      () => writeFileSync(file, `{"keys":[{"id":"x","key":"${KEY}!"}]}`),
      /32 random bytes/,
    ],
  ])('finds %s, and shows no key', (_what, spoil, problem) => {
    spoil();
    const finding = checkCodecKeys({ MARKETPLACE_CODEC_KEYS_FILE: file });
    expect(finding.state).toBe('bad');
    expect(JSON.stringify(finding)).toMatch(problem);
    expect(JSON.stringify(finding)).not.toContain(KEY);
  });

  it.each([0o640, 0o644, 0o604, 0o660, 0o602])('warns that others may use a file of mode %o', (mode) => {
    chmodSync(file, mode);
    expect(checkCodecKeys({ MARKETPLACE_CODEC_KEYS_FILE: file })).toMatchObject({
      state: 'warn',
      hint: expect.stringContaining('`chmod 600 FILE`'),
    });
  });

  it('finds two rings', () => {
    const env = { MARKETPLACE_CODEC_KEYS_FILE: file, MARKETPLACE_CODEC_KEYS: RING };
    expect(checkCodecKeys(env)).toMatchObject({ state: 'bad' });
  });
});
