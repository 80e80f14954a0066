import type { MetricMeter } from '@temporalio/common';
import { CONFIRMATION_ENDINGS, METRICS } from '../contract/metrics.js';
import { FAILURE_TYPES, WORKFLOW_TYPE } from '../contract/names.js';
import { counter } from './instruments.js';

/**
 * Exports the counters of what purchases do, which workflow code counts up, before anything has happened: from a
 * counter that appears with its first event, Prometheus cannot tell that it went up.
 *
 * @param where the labels that the SDK itself adds to what workflow code counts.
 */
export function beginAtZero(
  meter: MetricMeter,
  where: { readonly namespace: string; readonly taskQueue: string },
): void {
  const own = { ...where, workflowType: WORKFLOW_TYPE };
  counter(meter, METRICS.purchasesStarted).add(0, own);
  counter(meter, METRICS.confirmationsStarted).add(0, own);
  const confirmed = counter(meter, METRICS.confirmationsEnded);
  for (const ending of CONFIRMATION_ENDINGS) confirmed.add(0, { ...own, ending });
  const parked = counter(meter, METRICS.purchasesParked);
  const ended = counter(meter, METRICS.purchasesEnded);
  for (const reason of FAILURE_TYPES) {
    parked.add(0, { ...own, reason });
    ended.add(0, { ...own, outcome: 'failed', reason });
  }
  ended.add(0, { ...own, outcome: 'overdue', reason: 'ProvisioningOverdue' });
  ended.add(0, { ...own, outcome: 'provisioned', reason: 'none' });
  ended.add(0, { ...own, outcome: 'cancelled', reason: 'none' });
}
