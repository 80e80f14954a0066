import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryAfterMs } from '../../src/portal/retry-after.js';

const now = Date.UTC(1994, 10, 6, 8, 49, 0);
const day = 86_400_000;

describe('retryAfterMs', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7_000],
    ['99999999999999999999', day],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 37_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 37_000],
    ['Sun Nov  6 08:49:37 1994', 37_000],
    ['Sun, 06 Nov 1994 08:48:00 GMT', 0],
    ['Fri, 06 Nov 2099 08:49:37 GMT', day],
  ])('reads %j', (header, milliseconds) => {
    expect(retryAfterMs(header, now)).toBe(milliseconds);
  });

  it.each([undefined, '', '-1', '1.5', 'soon', '1994-11-06', 'Sunday', '6 Nov'])(
    'does not guess at %j',
    (header) => {
      expect(retryAfterMs(header, now)).toBeUndefined();
    },
  );

  it('is never below zero, above a day, or not a number', () => {
    const date = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') });
    const header = fc.oneof(
      fc.nat().map(String),
      date.map((moment) => moment.toUTCString()),
    );
    fc.assert(
      fc.property(header, (text) => {
        const wait = retryAfterMs(text, now);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(day);
      }),
    );
  });
});
