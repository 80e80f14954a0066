import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../src/contract/index.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS = { ms: 1, s: 1_000, m: MINUTE, h: HOUR, d: DAY } as const;

const part = fc.record({ count: fc.nat(9_999), unit: fc.constantFrom('ms', 's', 'm', 'h', 'd') });

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['5s', 5_000],
    ['15m', 15 * MINUTE],
    ['1h30m', 90 * MINUTE],
    ['30d', 30 * DAY],
    ['1d2h3m4s5ms', DAY + 2 * HOUR + 3 * MINUTE + 4_005],
    ['1.5h', 90 * MINUTE],
    ['0.5s', 500],
    ['0s', 0],
    ['5m5ms', 5 * MINUTE + 5],
    ['0.4ms', 0],
    ['007s', 7_000],
  ])('takes %s for %d ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each([
    '',
    ' ',
    '5',
    's',
    '-5s',
    '+5s',
    '5 s',
    ' 5s',
    '5s ',
    '5s\n',
    '1y',
    '1w',
    '1e3s',
    '5S',
    '5s5',
    '.5s',
    '5.s',
    '1.2.3s',
    '1,5s',
    '1h-30m',
    'Infinitys',
    '0x5s',
    '\u0665s',
    'PT5S',
  ])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it.each([undefined, null, 5, 5n, {}, ['5s'], true])('refuses %s, which is no text', (value) => {
    expect(parseDuration(value)).toBeUndefined();
  });

  it('adds up its parts', () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), (parts) => {
        const text = parts.map(({ count, unit }) => `${count}${unit}`).join('');
        const sum = parts.reduce((total, { count, unit }) => total + count * UNITS[unit], 0);
        expect(parseDuration(text)).toBe(sum);
      }),
    );
  });

  it('answers any text with a whole number of milliseconds, or with none', () => {
    const unit = fc.constantFrom(...Array.from('0123456789.-+ emshdy'));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit })), (text) => {
        const milliseconds = parseDuration(text) ?? 0;
        expect(Number.isInteger(milliseconds)).toBe(true);
        expect(milliseconds).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['digits', '1'.repeat(5_000_000)],
    ['parts', '1s'.repeat(2_500_000)],
    ['dots', '1.'.repeat(2_500_000)],
    ['parts and a mistake', `${'1s'.repeat(2_500_000)}!`],
  ])('refuses millions of %s at once', (_what, text) => {
    const begun = performance.now();
    expect(parseDuration(text)).toBeUndefined();
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [1, '1ms'],
    [999, '999ms'],
    [1_000, '1s'],
    [45_000, '45s'],
    [59_999, '1m'],
    [90_000, '1m 30s'],
    [125 * MINUTE, '2h 5m'],
    [HOUR + 30_000, '1h'],
    [DAY, '1d'],
    [30 * DAY - HOUR, '29d 23h'],
    [-1, '0s'],
    [-DAY, '0s'],
  ])('writes %d ms as %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it('is read back, as exactly as two units tell it', () => {
    const duration = fc.oneof(fc.nat(2_000), fc.nat(2 * HOUR), fc.nat(3_650 * DAY));
    fc.assert(
      fc.property(duration, (milliseconds) => {
        const text = formatDuration(milliseconds);
        expect(text).toMatch(/^\d+(?:ms|[smhd])(?: (?:[1-9]|1\d|2[0-3]|[2-5]\d)[smh])?$/);
        const parsed = parseDuration(text.replace(' ', '')) ?? Number.NaN;
        const unit =
          milliseconds < 1_000 ? 0 : milliseconds < HOUR ? 500 : milliseconds < DAY ? MINUTE : HOUR;
        expect(Math.abs(parsed - milliseconds)).toBeLessThanOrEqual(unit);
      }),
      { numRuns: 1_000 },
    );
  });
});
