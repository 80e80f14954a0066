import { IllegalStateError } from '@temporalio/common';
import { Runtime, type Logger } from '@temporalio/worker';
import { METRICS, type Metric } from '../contract/metrics.js';
import { AddressError, withIpAddress } from './address.js';

/** What a process tells of itself. */
export interface RuntimeSettings {
  readonly logger: Logger;
  /** How often its workers tell the server that they live, in milliseconds. */
  readonly heartbeatMs: number;
  /** `host:port`. @default no metrics are served */
  readonly metricsAddress?: string | undefined;
}

/**
 * Installs the SDK's runtime of this process: with our logger and, given an address, with a server of Prometheus
 * metrics there, at `/metrics`. The SDK's own metrics keep their default names: Temporal's public dashboards know
 * them.
 *
 * @throws AddressError
 */
export async function installRuntime({
  logger,
  heartbeatMs,
  metricsAddress,
}: RuntimeSettings): Promise<void> {
  const options = { logger, workerHeartbeatInterval: heartbeatMs };
  if (metricsAddress === undefined) {
    Runtime.install(options);
    return;
  }
  try {
    const bindAddress = await withIpAddress(metricsAddress);
    const prometheus = { bindAddress, histogramBucketOverrides: BUCKETS };
    Runtime.install({ ...options, telemetryOptions: { metrics: { prometheus } } });
  } catch (error) {
    if (error instanceof IllegalStateError) throw error;
    throw new AddressError('MARKETPLACE_METRICS_ADDRESS', metricsAddress, error);
  }
}

const BUCKETS: Record<string, number[]> = Object.fromEntries(
  Object.values(METRICS).flatMap((metric: Metric) =>
    metric.buckets === undefined ? [] : [[metric.name, [...metric.buckets]]],
  ),
);
