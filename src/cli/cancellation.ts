import type { PurchaseReport } from '../client/index.js';
import { oneLine } from './sanitize.js';
import { hasEnded } from './standing.js';
import { when, type Fact } from './text.js';

/** The wish to cancel, and what came of it. */
export function cancellationFact(report: PurchaseReport, now: number): Fact {
  const { status, answeredBy } = report;
  const { cancellation: wish, phase } = status;
  if (wish === undefined) {
    // The server's record has no room for it.
    const isUntold = phase === 'Cancelled' && answeredBy === 'server';
    return ['cancellation', isUntold ? 'what it came to is told once a worker answers' : undefined];
  }
  const reason = wish.reason === undefined ? '' : `, "${oneLine(wish.reason)}"`;
  return [
    'cancellation',
    `${effect(report)}; asked for ${when(wish.requestedAt, now)} via ${wish.via}${reason}`,
  ];
}

const EFFECTS = { 'not-placed': 'no order was placed', 'too-late': 'too late, the order stands' } as const;

function effect(report: PurchaseReport): string {
  const { cancellation, phase } = report.status;
  if (cancellation?.effect !== undefined) return EFFECTS[cancellation.effect];
  if (!hasEnded(report)) return 'what it can do is not known yet';
  if (phase !== 'Cancelled') return 'what it could do was not found out';
  return isInDoubt(report)
    ? 'an order may have been sent; whether it exists could not be found out'
    : 'this purchase placed nothing itself; whether the order existed before could not be found out';
}

/** Whether a purchase ended without anybody knowing whether its order exists. */
export function isLeftUnknown({ status: { phase, cancellation } }: PurchaseReport): boolean {
  return phase === 'Cancelled' && cancellation !== undefined && cancellation.effect === undefined;
}

/** Whether the outcome of a POST was never found out. */
function isInDoubt({ status: { timeline = [] } }: PurchaseReport): boolean {
  const last = timeline.findLast(({ event }) => event === 'OutcomeUnknown' || event === 'SettledAsNotPlaced');
  return last?.event === 'OutcomeUnknown';
}
