import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { optionsSchema, resolveOptions, SETTLING_WINDOW } from '../../src/contract/index.js';
import { purchaseOptions } from '../helpers/contract-arbitraries.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const DEFAULTS = {
  polling: {
    initialIntervalMs: 5_000,
    backoffCoefficient: 1.5,
    maximumIntervalMs: 15 * MINUTE,
    deadlineMs: 30 * DAY,
  },
  settling: { initialIntervalMs: 2_000, maximumIntervalMs: MINUTE, windowMs: 15 * MINUTE },
  onRejected: 'fail',
  parkDeadlineMs: 30 * DAY,
};

describe('the options of a purchase', () => {
  it('all have a default', () => {
    expect(resolveOptions()).toStrictEqual(DEFAULTS);
    expect(resolveOptions({})).toStrictEqual(DEFAULTS);
    expect(resolveOptions({ polling: {}, settling: {} })).toStrictEqual(DEFAULTS);
  });

  it('settle for as long as is assumed', () => {
    expect(SETTLING_WINDOW).toBe('15m');
  });

  it('are taken as they are given', () => {
    expect(
      resolveOptions({
        polling: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m', deadline: '1h30m' },
        settling: { initialInterval: '500ms', maximumInterval: '3s', window: '10s' },
        onRejected: 'park',
        parkDeadline: '7d',
      }),
    ).toStrictEqual({
      polling: {
        initialIntervalMs: 1_000,
        backoffCoefficient: 2,
        maximumIntervalMs: MINUTE,
        deadlineMs: 90 * MINUTE,
      },
      settling: { initialIntervalMs: 500, maximumIntervalMs: 3_000, windowMs: 10_000 },
      onRejected: 'park',
      parkDeadlineMs: 7 * DAY,
    });
  });

  it('wait at most the first interval where that is longer than the default maximum', () => {
    const { polling, settling } = resolveOptions({
      polling: { initialInterval: '1h' },
      settling: { initialInterval: '5m' },
    });
    expect(polling).toMatchObject({ initialIntervalMs: 60 * MINUTE, maximumIntervalMs: 60 * MINUTE });
    expect(settling).toMatchObject({ initialIntervalMs: 5 * MINUTE, maximumIntervalMs: 5 * MINUTE });
  });

  it('that were checked resolve to positive waits, the longest never shorter than the first', () => {
    const duration = fc
      .record({ count: fc.nat(4_000), unit: fc.constantFrom('ms', 's', 'm', 'h', 'd') })
      .map(({ count, unit }) => `${count}${unit}`);
    fc.assert(
      fc.property(purchaseOptions(duration), (given) => {
        const checked = optionsSchema.safeParse(given);
        fc.pre(checked.success);
        const { polling, settling, parkDeadlineMs } = resolveOptions(checked.data);
        expect(polling.maximumIntervalMs).toBeGreaterThanOrEqual(polling.initialIntervalMs);
        expect(settling.maximumIntervalMs).toBeGreaterThanOrEqual(settling.initialIntervalMs);
        const waits = [
          polling.initialIntervalMs,
          polling.deadlineMs,
          settling.initialIntervalMs,
          settling.windowMs,
          parkDeadlineMs,
        ];
        expect(Math.min(...waits)).toBeGreaterThanOrEqual(100);
        expect(Math.max(...waits)).toBeLessThanOrEqual(3_650 * DAY);
      }),
    );
  });

  it('that were not checked are refused', () => {
    expect(() => resolveOptions({ parkDeadline: 'soon' })).toThrow(new RangeError('not a duration: "soon"'));
  });
});
