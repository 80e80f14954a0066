import type { MetricMeter } from '@temporalio/common';
import { METRICS, MOST_PARTNERS, type CallOutcome } from '../contract/metrics.js';
import { heldCodeOf } from '../contract/names.js';
import { isBrokenOffByUs, type CallInfo, type CallReport } from '../portal/index.js';
import { counter, histogram } from './instruments.js';

/** Counts the calls to the portal. */
export function countCalls(
  meter: MetricMeter,
  partnerLabel: (tradingPartnerId: string) => string,
): (call: CallInfo, report: CallReport) => void {
  const calls = counter(meter, METRICS.portalCalls);
  const durations = histogram(meter, METRICS.portalCallDuration);
  const tokens = counter(meter, METRICS.tokensGranted);
  return ({ tradingPartnerId, kind, scope }, report) => {
    const outcome = outcomeOf(report);
    const labels = { partner: partnerLabel(tradingPartnerId), call: kind };
    calls.add(1, { ...labels, outcome });
    if (report.durationMs !== undefined) durations.record(report.durationMs / 1_000, labels);
    if (scope !== undefined && outcome === 'ok') tokens.add(1, { partner: labels.partner, scope });
  };
}

/** What came of a call, in a word. */
export function outcomeOf({ status, code }: CallReport): CallOutcome {
  if (status === undefined && heldCodeOf(code) !== undefined) return 'held';
  if (isBrokenOffByUs(code)) return 'aborted';
  if (status === undefined || code !== undefined) return 'lost';
  if (status < 300) return 'ok';
  if (status < 400) return 'unexpected';
  if (status >= 500) return 'unavailable';
  return REFUSALS[status] ?? 'refused';
}

const REFUSALS: Readonly<Record<number, CallOutcome>> = {
  401: 'unauthorized',
  404: 'not_found',
  429: 'throttled',
};

/**
 * A partner's name in metrics: its ID, if it has credentials of its own. Where all share a pair, anybody may send
 * any ID: the first ones get a name, the others are `other`.
 */
export function partnerLabels(
  named: () => readonly string[] | undefined,
): (tradingPartnerId: string) => string {
  const seen = new Set<string>();
  return (id) => {
    const known = named();
    if (known !== undefined) return known.includes(id) ? id : OTHERS;
    if (seen.size < MOST_PARTNERS) seen.add(id);
    return seen.has(id) ? id : OTHERS;
  };
}

const OTHERS = 'other';
