import type { MetricMeter } from '@temporalio/common';
import { METRICS } from '../contract/metrics.js';
import type { TrafficReport } from '../portal/index.js';
import type { StatusReport } from './health.js';
import { gauge } from './instruments.js';

const CIRCUIT_STATES = ['closed', 'open', 'probing', 'ramping'] as const satisfies TrafficReport['circuit'][];

/**
 * Tells how the worker, its credentials and its traffic to the portal are doing.
 *
 * @returns tells it as it is now.
 */
export function workerGauges(meter: MetricMeter): (report: StatusReport) => void {
  const ready = gauge(meter, METRICS.workerReady);
  const credentialsReadable = gauge(meter, METRICS.credentialsReadable);
  const circuit = gauge(meter, METRICS.circuit);
  const rateLimit = gauge(meter, METRICS.rateLimit);
  const waiting = gauge(meter, METRICS.waitingCalls);
  const paused = gauge(meter, METRICS.pausedClients);
  return ({ worker, credentials, traffic }) => {
    ready.set(Number(worker.state === 'ready'));
    credentialsReadable.set(Number(credentials === 'readable'));
    for (const state of CIRCUIT_STATES) circuit.set(Number(state === traffic.circuit), { state });
    if (traffic.rate !== undefined) {
      rateLimit.set(traffic.rate.fleet, { of: 'fleet' });
      rateLimit.set(traffic.rate.own, { of: 'worker' });
    }
    waiting.set(traffic.waiting);
    paused.set(traffic.paused.length);
  };
}
