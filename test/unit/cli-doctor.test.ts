import { describe, expect, it } from 'vitest';
import { judgeClock, skewOf } from '../../src/cli/doctor/clock.js';
import { check } from '../../src/cli/doctor/finding.js';

const NOW = 1_800_000_000_000;

/** Another clock that is so far ahead, read in a call that took 40 ms. */
function reading(aheadMs: number) {
  return { before: NOW, theirs: NOW + 20 + aheadMs, after: NOW + 40, resolutionMs: 0 };
}

describe('another clock', () => {
  it('that tells a time within the call agrees', () => {
    expect(skewOf(reading(0))).toBe(0);
    expect(skewOf(reading(-20))).toBe(0);
    expect(skewOf(reading(20))).toBe(0);
  });

  it('that leaves out less than a second agrees, too', () => {
    expect(skewOf({ before: NOW + 900, theirs: NOW, after: NOW + 950, resolutionMs: 1_000 })).toBe(0);
  });

  it.each([
    [500, 'good', /agrees/],
    [5_000, 'good', /5s behind/],
    [-60_000, 'warn', /1m ahead of/],
    [600_000, 'bad', /10m behind the portal's/],
  ])('that is %d ms ahead is %s', (aheadMs, state, message) => {
    const found = judgeClock("the portal's", reading(aheadMs));
    expect(found).toMatchObject({ state, message: expect.stringMatching(message) });
  });
});

describe('a check', () => {
  it('that breaks down is a finding of its own', async () => {
    const finding = await check('portal', () => Promise.reject(new Error('it broke')));
    expect(finding).toMatchObject({ check: 'portal', state: 'bad', message: 'it broke' });
  });
});
