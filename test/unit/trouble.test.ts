import { describe, expect, it } from 'vitest';
import type { FailureDetail } from '../../src/contract/index.js';
import type { PurchaseError } from '../../workflows/purchase-state.js';
import { isExcusable, troubleAfter, troubleAfterAsOfOld, type Trouble } from '../../workflows/trouble.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const BEGUN = Date.UTC(2026, 0, 1);

function anError(at: number, detail?: FailureDetail): PurchaseError {
  return { type: 'PortalUnavailable', message: 'away', at, ...(detail && { detail }) };
}

/** Fails, waits and fails again, as often as it says; the call itself takes `callMs`. */
function spell(details: readonly (FailureDetail | undefined)[], { waitMs = 60 * SECOND, callMs = 0 } = {}) {
  let at = BEGUN;
  let trouble: Trouble | undefined;
  for (const detail of details) {
    trouble = troubleAfter(trouble, anError(at, detail), at + waitMs);
    at += waitMs + callMs;
  }
  return { trouble, at };
}

describe('a spell of trouble', () => {
  it('counts calls, and the time since the first of them', () => {
    const { trouble, at } = spell([undefined, undefined, undefined]);
    expect(troubleAfter(trouble, anError(at))).toEqual({ since: BEGUN, calls: 4 });
  });

  it.each([{ retryAfterMs: 3 * HOUR }, { retryAfterMs: 3 * HOUR, held: 'PAUSED' as const }])(
    'excuses waits that the portal asked for: %j',
    (detail) => {
      const trouble = troubleAfter(undefined, anError(BEGUN, detail), BEGUN + 3 * HOUR);
      expect(trouble).toEqual({ since: BEGUN + 3 * HOUR, calls: 1, dueAt: BEGUN + 3 * HOUR });
    },
  );

  it('excuses no wait for a portal that is down, though it was our worker that named it', () => {
    const detail = { retryAfterMs: 60 * SECOND, held: 'CIRCUIT_OPEN' as const };
    const { trouble, at } = spell([detail, detail]);
    expect(troubleAfter(trouble, anError(at, detail))).toEqual({ since: BEGUN, calls: 3 });
  });

  it.each(['BUSY', 'STOPPING'] as const)('counts neither call nor time of one that was held: %s', (held) => {
    const detail = { retryAfterMs: SECOND, held };
    const { trouble, at } = spell([detail, detail, detail], { callMs: 30 * SECOND });
    expect(troubleAfter(trouble, anError(at, detail))).toEqual({ since: at, calls: 0 });
    // The time of the last call is the portal's, if it was made.
    expect(troubleAfter(trouble, anError(at))).toEqual({ since: at - 30 * SECOND, calls: 1 });
  });

  it('excuses the hours that a call spent in a queue, or without a worker', () => {
    const trouble = troubleAfter(undefined, anError(BEGUN), BEGUN + 2 * SECOND);
    const late = BEGUN + 2 * SECOND + 10 * HOUR;
    const counted = troubleAfter(trouble, anError(late));
    // As long as two tries may take.
    expect(late - counted.since).toBe(2 * SECOND + 300 * SECOND);
    expect(counted.calls).toBe(2);
  });

  it('is the same as of old where there is nothing more to excuse', () => {
    let [now, old]: (Trouble | undefined)[] = [];
    let at = BEGUN;
    for (const detail of [undefined, { httpStatus: 503 }, { httpStatus: 429, retryAfterMs: 90 * SECOND }]) {
      const error = anError(at, detail);
      expect(isExcusable(now, error)).toBe(false);
      const next = at + 120 * SECOND;
      now = troubleAfter(now, error, next);
      old = troubleAfterAsOfOld(old, error, next);
      const { dueAt, ...counted } = now;
      expect(counted).toEqual(old);
      expect(dueAt).toBe(next);
      at = next + 200 * SECOND;
    }
  });

  it.each<[string, FailureDetail | undefined, number]>([
    ['a call that waited for its turn', { held: 'BUSY' }, 0],
    ['a portal that is down', { held: 'CIRCUIT_OPEN' }, 0],
    ['a worker that stops', { held: 'STOPPING' }, 0],
    ['a call that came hours late', undefined, HOUR],
  ])('is excusable: %s', (_what, detail, lateMs) => {
    const before = troubleAfter(undefined, anError(BEGUN), BEGUN + SECOND);
    expect(isExcusable(before, anError(BEGUN + SECOND + lateMs, detail))).toBe(true);
  });
});
