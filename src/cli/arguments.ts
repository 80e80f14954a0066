import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../contract/index.js';

/** A whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** A duration, such as "30s", in milliseconds. */
export function durationMs(text: string): number {
  const parsed = parseDuration(text);
  if (parsed !== undefined && parsed <= LONGEST_MS) return parsed;
  throw new InvalidArgumentError('It must be a duration such as "500ms", "30s" or "2m", of 24 days at most.');
}

/** A duration that a Node timer can wait for. */
const LONGEST_MS = 24 * 86_400_000;
