import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sameJson } from '../../src/contract/same-json.js';

/** As it comes back from another machine. `JSON.stringify` writes no negative zero. */
function throughJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** The same, with the keys of every object the other way round. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, field]) => [name, turned(field)]),
  );
}

/** Every copy in which one leaf is another. */
function* withOneLeafChanged(value: unknown): Generator {
  if (typeof value !== 'object' || value === null) {
    yield typeof value === 'string' ? `${value}!` : 'another';
    return;
  }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      for (const changed of withOneLeafChanged(item)) yield value.with(index, changed);
    }
    yield [...value, null];
    if (value.length > 0) yield value.slice(1);
    return;
  }
  for (const [name, field] of Object.entries(value)) {
    for (const changed of withOneLeafChanged(field)) yield { ...value, [name]: changed };
    yield Object.fromEntries(Object.entries(value).filter(([other]) => other !== name));
  }
  yield { ...value, 'one more': null };
}

const json = fc.jsonValue({ maxDepth: 4 }).filter((value) => !JSON.stringify(value).includes('__proto__'));

describe('sameJson', () => {
  it('finds a value the same after a way through JSON, with its keys in another order', () => {
    fc.assert(
      fc.property(json, (value) => {
        const plain = throughJson(value);
        expect(sameJson(plain, throughJson(turned(plain)))).toBe(true);
        expect(sameJson(throughJson(turned(plain)), plain)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('finds one changed leaf, one missing and one more', () => {
    fc.assert(
      fc.property(json, (value) => {
        for (const changed of withOneLeafChanged(value)) {
          expect(sameJson(value, changed)).toBe(false);
          expect(sameJson(changed, value)).toBe(false);
        }
      }),
    );
  });

  it('says of any two values what their sorted JSON says', () => {
    const small = fc.jsonValue({ maxDepth: 2, stringUnit: fc.constantFrom('a', 'b') });
    fc.assert(
      fc.property(small, small, (one, other) => {
        const [first, second] = [throughJson(one), throughJson(other)];
        expect(sameJson(first, second)).toBe(sorted(first) === sorted(second));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each<[unknown, unknown]>([
    [[], {}],
    [
      [1, 2],
      [2, 1],
    ],
    [['a'], { 0: 'a' }],
    [null, {}],
    [null, undefined],
    [0, false],
    ['', null],
    [1, '1'],
    [{ a: null }, {}],
    [{ a: 1 }, { b: 1 }],
    [{}, { toString: 1 }],
    [{ a: {} }, { a: [] }],
  ])('tells %j from %j', (one, other) => {
    expect(sameJson(one, other)).toBe(false);
    expect(sameJson(other, one)).toBe(false);
  });

  it('takes a field without a value for none, as JSON does', () => {
    expect(sameJson({ a: 1, b: undefined }, { a: 1 })).toBe(true);
    expect(sameJson({ a: 1 }, { a: 1, b: undefined })).toBe(true);
  });

  it('takes 0 and -0, which JSON can write, for the same number', () => {
    expect(sameJson(JSON.parse('{"quantity":-0}'), { quantity: 0 })).toBe(true);
  });
});

/** JSON with the keys of every object in order. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_name, field: unknown) =>
    typeof field === 'object' && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : field,
  );
}
