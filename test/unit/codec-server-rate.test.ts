import { describe, expect, it } from 'vitest';
import { RateLimit } from '../../src/codec/server-rate.js';

describe('a rate limit', () => {
  it('gives back as time passes, up to the burst', () => {
    let now = 0;
    const limit = new RateLimit({ burst: 2, perSecond: 1 }, () => now);
    const taken = (count: number) => Array.from({ length: count }, () => limit.take('ada'));
    expect(taken(3)).toEqual([true, true, false]);
    now = 999;
    expect(taken(1)).toEqual([false]);
    now = 1_000;
    expect(taken(2)).toEqual([true, false]);
    now = 1_000_000;
    expect(taken(3)).toEqual([true, true, false]);
    // A clock that is set back gives nothing away.
    now = 0;
    expect(taken(1)).toEqual([false]);
  });

  it('remembers a bounded number of subjects, and forgets who asked longest ago', () => {
    const limit = new RateLimit({ burst: 1, perSecond: 0 }, () => 0);
    expect(limit.take('first')).toBe(true);
    for (let count = 0; count < 9_999; count += 1) limit.take(`subject-${count}`);
    expect(limit.take('first')).toBe(false);
    for (let count = 0; count < 20_000; count += 1) limit.take(`another-${count}`);
    expect(limit.size).toBe(10_000);
    expect(limit.take('first')).toBe(true);
  });
});
