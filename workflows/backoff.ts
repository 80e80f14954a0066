/** How an interval grows; all in milliseconds. */
export interface Backoff {
  readonly initialIntervalMs: number;
  readonly backoffCoefficient: number;
  readonly maximumIntervalMs: number;
}

/** How far an interval may be off, so that purchases begun together do not call together for ever. */
const JITTER = 0.1;

/**
 * The wait before the call number `count` (from 0): grows by the coefficient up to the maximum, ±10 %.
 *
 * @param random a number in [0, 1); in workflow code `Math.random`, which Temporal seeds per run.
 */
export function intervalAfter(backoff: Backoff, count: number, random: () => number): number {
  const grown = backoff.initialIntervalMs * backoff.backoffCoefficient ** count;
  const interval = Math.min(grown, backoff.maximumIntervalMs);
  return Math.max(1, Math.round(interval * (1 + JITTER * (2 * random() - 1))));
}
