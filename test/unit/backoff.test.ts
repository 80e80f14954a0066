import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { intervalAfter, type Backoff } from '../../workflows/backoff.js';

const BACKOFF: Backoff = { initialIntervalMs: 5_000, backoffCoefficient: 1.5, maximumIntervalMs: 900_000 };
const LONGEST_MS = 10 * 365 * 86_400_000;

/** What the options allow, and a little more. */
const backoffs: fc.Arbitrary<Backoff> = fc.record({
  initialIntervalMs: fc.integer({ min: 1, max: LONGEST_MS }),
  backoffCoefficient: fc.double({ min: 1, max: 100, noNaN: true }),
  maximumIntervalMs: fc.integer({ min: 1, max: LONGEST_MS }),
});
const counts = fc.oneof(fc.nat(20), fc.nat(), fc.constant(Number.MAX_SAFE_INTEGER));
const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

const middle = () => 0.5;

describe('the interval before a call', () => {
  it('is within 10 % of what the backoff comes to, up to its maximum', () => {
    fc.assert(
      fc.property(backoffs, counts, dice, (backoff, count, die) => {
        const grown = backoff.initialIntervalMs * backoff.backoffCoefficient ** count;
        const target = Math.min(grown, backoff.maximumIntervalMs);
        const interval = intervalAfter(backoff, count, () => die);
        // Rounded to a whole millisecond.
        expect(interval).toBeGreaterThanOrEqual(target * 0.9 - 0.5);
        expect(interval).toBeLessThanOrEqual(Math.max(1, target * 1.1 + 0.5));
        expect(Number.isSafeInteger(interval)).toBe(true);
        expect(interval).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 1_000 },
    );
  });

  it('grows by the coefficient, from the first interval to the maximum', () => {
    const intervals = [0, 1, 2, 3, 12, 13, 14, 10_000].map((count) => intervalAfter(BACKOFF, count, middle));
    expect(intervals).toEqual([5_000, 7_500, 11_250, 16_875, 648_732, 900_000, 900_000, 900_000]);
  });

  it('is spread over the whole 20 %', () => {
    expect(intervalAfter(BACKOFF, 0, () => 0)).toBe(4_500);
    expect(intervalAfter(BACKOFF, 0, () => 1 - Number.EPSILON)).toBe(5_500);
    expect(intervalAfter(BACKOFF, 50, () => 0)).toBe(810_000);
    expect(intervalAfter(BACKOFF, 50, () => 1 - Number.EPSILON)).toBe(990_000);
  });

  it('never shrinks from one call to the next but for its spread', () => {
    fc.assert(
      fc.property(backoffs, fc.nat(1_000), dice, (backoff, count, die) => {
        const [now, next] = [count, count + 1].map((number) => intervalAfter(backoff, number, () => die));
        expect(next).toBeGreaterThanOrEqual(now ?? Number.NaN);
      }),
    );
  });

  it('is never nothing', () => {
    const tiny = { initialIntervalMs: 0, backoffCoefficient: 1, maximumIntervalMs: 0 };
    expect(intervalAfter(tiny, 0, () => 0)).toBe(1);
  });

  it('asks for one random number', () => {
    let asked = 0;
    const random = () => {
      asked += 1;
      return 0.5;
    };
    intervalAfter(BACKOFF, 3, random);
    expect(asked).toBe(1);
  });
});
