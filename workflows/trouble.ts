import type { HeldCode } from '../src/contract/names.js';
import type { PurchaseError } from './purchase-state.js';

/** A spell of calls that failed, one after the other. Moments are milliseconds since the epoch. */
export interface Trouble {
  /** When it began; later by all the time that is not held against the portal. */
  readonly since: number;
  /** Calls that failed; one that our own worker held back for reasons of its own is none. */
  readonly calls: number;
  /** When the next call is due. */
  readonly dueAt?: number;
}

/** Longer than two tries of a call take: what goes beyond was spent in a queue, or without a worker. In milliseconds. */
const LONGEST_CALL_MS = 300_000;

/** What our own workers are the reason for, and not the portal. */
const OURS: ReadonlySet<HeldCode | undefined> = new Set(['BUSY', 'STOPPING'] as const);

/**
 * The spell of trouble after one more failure. Not held against the portal are waits that it asked for, and the time
 * that a call spent in a queue, without a worker, or waiting for its turn in one.
 *
 * @param nextCallAt when it is tried again; without it, that wait is not counted yet.
 */
export function troubleAfter(
  before: Trouble | undefined,
  error: PurchaseError,
  nextCallAt?: number,
): Trouble {
  const { since, calls } = before ?? { since: error.at, calls: 0 };
  const waitMs = nextCallAt === undefined ? 0 : excusedWaitMs(error, nextCallAt - error.at);
  return {
    since: since + queuedMs(before, error) + waitMs,
    calls: calls + (isOurs(error) ? 0 : 1),
    ...(nextCallAt !== undefined && { dueAt: nextCallAt }),
  };
}

/** The same as it was counted once: with every failure a call, and excused by nothing but waits that were asked for. */
export function troubleAfterAsOfOld(
  before: Trouble | undefined,
  error: PurchaseError,
  nextCallAt?: number,
): Trouble {
  const { since, calls } = before ?? { since: error.at, calls: 0 };
  const waitMs = nextCallAt === undefined ? 0 : (error.detail?.retryAfterMs ?? 0);
  return { since: since + waitMs, calls: calls + 1 };
}

/** Whether a call was held back for reasons of our own worker's: it tells nothing of the portal. */
export function isOurs({ detail }: PurchaseError): boolean {
  return OURS.has(detail?.held);
}

/** Whether the two ways to count differ. */
export function isExcusable(before: Trouble | undefined, error: PurchaseError): boolean {
  return isOurs(error) || error.detail?.held === 'CIRCUIT_OPEN' || queuedMs(before, error) > 0;
}

function queuedMs(before: Trouble | undefined, error: PurchaseError): number {
  const lateMs = error.at - (before?.dueAt ?? error.at);
  return Math.max(0, isOurs(error) ? lateMs : lateMs - LONGEST_CALL_MS);
}

function excusedWaitMs(error: PurchaseError, waitMs: number): number {
  if (isOurs(error)) return waitMs;
  // The portal is down, and it was the worker that named the wait.
  if (error.detail?.held === 'CIRCUIT_OPEN') return 0;
  return error.detail?.retryAfterMs ?? 0;
}
