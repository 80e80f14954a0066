import { toUSVString } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fairnessKeyOf } from '../../src/contract/fairness.js';

const LIMIT = 64;

describe('a fairness key', () => {
  it.each(['0012300000AbCdE', 'x'.repeat(LIMIT), 'ä'.repeat(32), '😀'.repeat(16), ''])(
    'is %j as it is',
    (id) => {
      expect(fairnessKeyOf(id)).toBe(id);
    },
  );

  it.each([
    ['x'.repeat(65), 'x'.repeat(64)],
    [`x${'ä'.repeat(32)}`, `x${'ä'.repeat(31)}`],
    [`xx${'日'.repeat(21)}`, `xx${'日'.repeat(20)}`],
    [`x${'😀'.repeat(16)}`, `x${'😀'.repeat(15)}`],
  ])('is of %j the beginning', (id, key) => {
    expect(fairnessKeyOf(id)).toBe(key);
  });

  it('is as much of the ID as fits, with no character in pieces', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), (id) => {
        const key = fairnessKeyOf(id);
        expect(id.startsWith(key)).toBe(true);
        expect(Buffer.byteLength(key)).toBeLessThanOrEqual(LIMIT);
        expect(toUSVString(key)).toBe(key);
        const next = String.fromCodePoint(id.codePointAt(key.length) ?? 0);
        if (key !== id) expect(Buffer.byteLength(key + next)).toBeGreaterThan(LIMIT);
      }),
    );
  });
});
