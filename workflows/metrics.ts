import { metricMeter } from '@temporalio/workflow';
import {
  METRICS,
  type ConfirmationEnding,
  type Metric,
  type PurchaseOutcome,
} from '../src/contract/metrics.js';
import type { PurchaseEvent, PurchaseState } from './purchase-state.js';

/** Counts a purchase that begins. Nothing here is counted again by a replay. */
export function countStart(): void {
  count(METRICS.purchasesStarted);
}

/** Counts what an event means for those who watch many purchases. */
export function countEvent(
  before: PurchaseState,
  event: PurchaseEvent,
  after: PurchaseState,
  at: number,
): void {
  if (before.subscriptionNumber === undefined && after.subscriptionNumber !== undefined)
    observe(METRICS.timeToNumber, secondsSinceStart(after, at));
  if (before.phase !== after.phase) countPhase(before, event, after, at);
}

function countPhase(before: PurchaseState, event: PurchaseEvent, after: PurchaseState, at: number): void {
  if (before.phase === 'Confirming') count(METRICS.confirmationsEnded, { ending: endingBy(event) });
  switch (after.phase) {
    case 'Confirming':
      return count(METRICS.confirmationsStarted);
    case 'ActionRequired':
      return count(METRICS.purchasesParked, { reason: reasonIn(after) });
    case 'Provisioned':
      observe(METRICS.timeToProvisioned, secondsSinceStart(after, at));
      return countEnd({ outcome: 'provisioned', reason: 'none' });
    case 'Failed':
      return countEnd({ outcome: 'failed', reason: reasonIn(after) });
    case 'Overdue':
      return countEnd({ outcome: 'overdue', reason: reasonIn(after) });
    case 'Cancelled':
      return countEnd({ outcome: 'cancelled', reason: 'none' });
    default:
      return undefined;
  }
}

function countEnd(labels: { readonly outcome: PurchaseOutcome; readonly reason: string }): void {
  count(METRICS.purchasesEnded, labels);
}

function endingBy({ type }: PurchaseEvent): ConfirmationEnding {
  switch (type) {
    case 'OrderFound':
      return 'placed';
    case 'SettledAsNotPlaced':
      return 'not_placed';
    case 'Parked':
      return 'parked';
    default:
      return 'ended';
  }
}

function reasonIn({ lastError }: PurchaseState): string {
  return lastError?.type ?? 'none';
}

/** The first entry of the timeline is kept, by the runs that continue the first one too. */
function secondsSinceStart({ timeline: [started] }: PurchaseState, at: number): number {
  return Math.max(0, at - (started?.at ?? at)) / 1_000;
}

function count({ name, help }: Metric, labels: Readonly<Record<string, string>> = {}): void {
  metricMeter.createCounter(name, undefined, help).add(1, labels);
}

function observe({ name, help }: Metric, seconds: number): void {
  metricMeter.createHistogram(name, 'float', undefined, help).record(seconds);
}
