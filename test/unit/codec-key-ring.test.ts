import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyRingError, loadKeyRing, parseKeyRing } from '../../src/codec/index.js';
import { ConfigError, codecKeysIn } from '../../src/config.js';

const key = (fill: number) => Buffer.alloc(32, fill).toString('base64');
const NEW = { id: '2026-11', key: key(1) };
const OLD = { id: '2025-11', key: key(2) };
const ring = (...keys: unknown[]) => JSON.stringify({ keys });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'key-ring-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(text: string): string {
  const file = join(folder, 'keys.json');
  writeFileSync(file, text);
  return file;
}

function mistakesIn(text: string): readonly string[] {
  try {
    parseKeyRing(text);
  } catch (error) {
    if (error instanceof KeyRingError) return error.mistakes;
    throw error;
  }
  return expect.unreachable('it should have been refused');
}

describe('a key ring', () => {
  it('encrypts with the first key and knows all', () => {
    const keys = parseKeyRing(ring(NEW, OLD));
    expect(keys.first.id).toBe('2026-11');
    expect(keys.ids).toEqual(['2026-11', '2025-11']);
    expect(keys.get('2025-11')?.secret.export()).toEqual(Buffer.alloc(32, 2));
    expect(keys.get('2024-11')).toBeUndefined();
  });

  it('shows no key when it is printed', () => {
    const keys = parseKeyRing(ring(NEW, OLD));
    const printed = inspect(keys, { depth: 9, showHidden: true }) + JSON.stringify(keys);
    expect(printed).not.toContain(NEW.key);
    expect(printed).not.toContain('01 01 01');
  });

  it('is read from a file, or from the environment itself', () => {
    const file = fileWith(ring(NEW, OLD));
    expect(loadKeyRing({ MARKETPLACE_CODEC_KEYS_FILE: file })?.ids).toEqual(['2026-11', '2025-11']);
    expect(loadKeyRing({ MARKETPLACE_CODEC_KEYS: ring(OLD) })?.ids).toEqual(['2025-11']);
  });

  it('is none when neither is set, or both are empty', () => {
    expect(loadKeyRing({})).toBeUndefined();
    expect(loadKeyRing({ MARKETPLACE_CODEC_KEYS_FILE: '', MARKETPLACE_CODEC_KEYS: '' })).toBeUndefined();
  });
});

describe('a mistake in a key ring', () => {
  it.each([
    ['no JSON', '{"keys":', ['it is no JSON']],
    ['no object', '[]', ['it must be an object with "keys"']],
    ['no keys', '{}', ['keys must be a list of keys']],
    ['an empty list', ring(), ['keys must have a key']],
    ['a field too many', JSON.stringify({ keys: [NEW], note: 'x' }), ['has other fields than "keys"']],
    ['a key that is no object', ring('x'), ['keys[0] must be an object']],
    [
      'an ID with a space',
      ring({ ...NEW, id: 'a b' }),
      ['keys[0].id must be 1 to 64 letters, digits, ".", "_" or "-", such as "2026-11"'],
    ],
    ['the same ID twice', ring(NEW, { ...OLD, id: NEW.id }), ['keys[1].id is the ID of another key too']],
  ])('is %s', (_name, text, mistakes) => {
    expect(mistakesIn(text)).toEqual(mistakes);
  });

  it.each([
    ['short', Buffer.alloc(31, 7).toString('base64')],
    ['long', Buffer.alloc(33, 7).toString('base64')],
    ['in hex', Buffer.alloc(32, 7).toString('hex')],
    ['in the alphabet of URLs', Buffer.alloc(32, 0xff).toString('base64url')],
    ['with a line end', `${key(7)}\n`],
  ])('is a key that is %s', (_name, wrong) => {
    expect(mistakesIn(ring({ id: 'a', key: wrong }))).toEqual([
      expect.stringMatching(/^keys\[0\]\.key must be 32 random bytes in base64/),
    ]);
  });

  it('is told with all others, and none repeats what it found', () => {
    const secret = key(9).slice(2);
    const mistakes = mistakesIn(ring({ id: secret + ' ', key: secret }, { [secret]: 1, id: 'b', key: 5 }));
    expect(mistakes).toHaveLength(4);
    expect(mistakes.join('\n')).not.toContain(secret);
    expect(mistakesIn(`{"keys": ["${secret}`).join('\n')).not.toContain(secret);
  });

  it('is a ConfigError that names the variable', () => {
    const read = (env: NodeJS.ProcessEnv) => () => codecKeysIn(env);
    expect(read({ MARKETPLACE_CODEC_KEYS: ring({ id: 1 }) })).toThrow(
      new ConfigError([
        'MARKETPLACE_CODEC_KEYS: keys[0].id must be a text',
        'MARKETPLACE_CODEC_KEYS: keys[0].key must be a text',
      ]),
    );
    expect(read({ MARKETPLACE_CODEC_KEYS_FILE: join(folder, 'nowhere') })).toThrow(
      new ConfigError(['MARKETPLACE_CODEC_KEYS_FILE: cannot be read (ENOENT)']),
    );
    expect(read({ MARKETPLACE_CODEC_KEYS: ring(NEW), MARKETPLACE_CODEC_KEYS_FILE: '/x' })).toThrow(
      new ConfigError(['MARKETPLACE_CODEC_KEYS_FILE and MARKETPLACE_CODEC_KEYS are both set: keep one']),
    );
  });
});
