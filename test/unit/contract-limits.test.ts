import { describe, expect, it } from 'vitest';
import { problemsOf, purchaseInputSchema, type Problem } from '../../src/contract/index.js';
import { anOrder } from '../helpers/orders.js';

function problemsWith(extra: unknown): Problem[] {
  const parsed = purchaseInputSchema.safeParse({ order: { ...anOrder(), extra } });
  return parsed.success ? [] : problemsOf(parsed.error);
}

/** As it arrives: by JSON, which makes `__proto__` a key like any other. */
function nested(levels: number): unknown {
  return JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);
}

describe('an order', () => {
  it('may have fields of its own, at a reasonable depth and size', () => {
    expect(
      problemsWith({ nested: nested(40), text: 'x'.repeat(100_000), many: [1, 2.5, -3, null, true] }),
    ).toEqual([]);
  });

  it.each([60, 2_000, 100_000])('may not be nested %d levels deep', (levels) => {
    expect(problemsWith(nested(levels))).toEqual([
      { path: 'order.extra.a', problem: 'must not be nested deeper than 50 levels' },
    ]);
  });

  it('may not refer to itself', () => {
    const ring: Record<string, unknown> = {};
    ring['again'] = ring;
    expect(problemsWith(ring)).toHaveLength(1);
  });

  it.each([
    ['one long text', 'x'.repeat(300_000)],
    ['many short ones', Array.from({ length: 100_000 }, () => 'x')],
    ['long names', { ['x'.repeat(300_000)]: 1 }],
  ])('may not be large: %s', (_what, extra) => {
    expect(problemsWith(extra)).toEqual([{ path: '', problem: 'must be at most about 256 KiB as JSON' }]);
  });

  it.each([1e19, Number.POSITIVE_INFINITY, Number.NaN, 2 ** 53])(
    'may not have the number %d, which would be altered on the way',
    (number) => {
      expect(problemsWith([number])).toEqual([
        { path: 'order.extra[0]', problem: 'is a number that would be altered on the way: write it as text' },
      ]);
    },
  );

  it('may not have a key that JavaScript takes for something else', () => {
    expect(problemsWith(JSON.parse('{"__proto__": {"admin": true}}'))).toEqual([
      { path: 'order.extra', problem: 'must not be named __proto__' },
    ]);
    expect(problemsWith({ constructor: 1, toString: 2 })).toEqual([]);
  });
});
