import { formatDuration } from '../../contract/index.js';
import { bad, good, warn } from './finding.js';

/** From here on ages and deadlines as shown mislead; farther off, certificates and signed tokens fail. In milliseconds. */
const NOTICEABLE_MS = 10_000;
const HARMFUL_MS = 120_000;

const HINT = 'Let this machine take its time from a time server (NTP).';

/** A moment of another clock, between two of this one. All in milliseconds since the epoch. */
export interface ClockReading {
  readonly before: number;
  readonly theirs: number;
  readonly after: number;
  /** How much less than it shows the other clock may have told, such as a second where it leaves out less. */
  readonly resolutionMs: number;
}

/** How far another clock is ahead of this one; what can be the time on the way is not counted. */
export function skewOf({ before, theirs, after, resolutionMs }: ClockReading): number {
  if (theirs > after) return theirs - after;
  const latest = theirs + resolutionMs;
  return latest < before ? latest - before : 0;
}

/** What a clock that differs from this machine's means. */
export function judgeClock(whose: string, reading: ClockReading) {
  const skew = skewOf(reading);
  const size = Math.abs(skew);
  if (size < 1_000) return good(`agrees with ${whose}`);
  const message = `this machine's is ${formatDuration(size)} ${skew > 0 ? 'behind' : 'ahead of'} ${whose}`;
  if (size < NOTICEABLE_MS) return good(message);
  return size < HARMFUL_MS ? warn(message, HINT) : bad(message, HINT);
}
