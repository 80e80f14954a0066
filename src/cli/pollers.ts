import type { Client } from '@temporalio/client';
import { QUEUE_KINDS, type QueueKind } from '../temporal/queue-kinds.js';
import { isoOf, millisecondsOf } from './proto.js';

/** A worker process that asks a task queue for work. */
export interface Poller {
  /** What it calls itself: its process and host, unless told otherwise. */
  readonly identity: string;
  /** When it asked last (ISO 8601). One that waits for work asks anew about once a minute. */
  readonly lastSeenAt?: string;
  /** Which build it is, where it says so. */
  readonly buildId?: string;
  /** Whether worker versioning is on, so that it gets the work of its version only. */
  readonly isVersioned: boolean;
}

/** Who serves a task queue, and what waits there. */
export interface QueueReport {
  readonly pollers: readonly Poller[];
  /** About how many tasks wait for a worker; older servers do not tell. */
  readonly backlog?: number;
  /** How long the oldest of them has waited, in milliseconds. */
  readonly backlogAgeMs: number;
  /** The builds that versioned workers must be to get work: the current one, and one that is ramped up. */
  readonly servedBuilds: { readonly current?: string; readonly ramping?: string };
}

/** `WorkerVersioningMode` VERSIONED of Temporal's API. */
const VERSIONED = 2;

/** A poller that was not seen for longer may be gone: the server forgets one only after five minutes. */
const GONE_AFTER_MS = 90_000;

/** Who asks a task queue for work of one kind now. */
export async function describeQueue(client: Client, name: string, kind: QueueKind): Promise<QueueReport> {
  const { pollers, stats, versioningInfo } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name },
    taskQueueType: QUEUE_KINDS[kind],
    reportStats: true,
  });
  const now = Date.now();
  const current = versioningInfo?.currentDeploymentVersion?.buildId;
  const ramping = versioningInfo?.rampingDeploymentVersion?.buildId;
  return {
    pollers: pollers
      .filter(({ lastAccessTime }) => (millisecondsOf(lastAccessTime) ?? 0) > now - GONE_AFTER_MS)
      .map(({ identity, lastAccessTime, workerVersionCapabilities, deploymentOptions }) => {
        const lastSeenAt = isoOf(lastAccessTime);
        const buildId = deploymentOptions?.buildId || workerVersionCapabilities?.buildId;
        return {
          identity: identity ?? 'unnamed',
          ...(lastSeenAt !== undefined && { lastSeenAt }),
          ...(buildId && { buildId }),
          isVersioned: Number(deploymentOptions?.workerVersioningMode) === VERSIONED,
        };
      }),
    ...(stats && { backlog: Number(String(stats.approximateBacklogCount ?? 0)) }),
    backlogAgeMs: Number(String(stats?.approximateBacklogAge?.seconds ?? 0)) * 1_000,
    servedBuilds: { ...(current && { current }), ...(ramping && { ramping }) },
  };
}

/** When any of the workers asked last; one that has gone since is not told apart. */
export function lastAskedAt(...queues: readonly QueueReport[]): string | undefined {
  return queues
    .flatMap(({ pollers }) => pollers.flatMap((poller) => poller.lastSeenAt ?? []))
    .toSorted()
    .at(-1);
}
