import { Worker, type NativeConnection } from '@temporalio/worker';
import { createActivities } from '../../activities/index.js';
import { dataConverterFor, type KeyRing } from '../codec/index.js';
import type { PortalClient } from '../portal/index.js';
import { workflowCode } from './bundle.js';

/** What a worker is made of. */
export interface WorkerDeps {
  /** The connection to the Temporal server; the caller closes it. */
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** The client of the Customers Portal; the caller closes it. */
  readonly portal: PortalClient;
  /** Encrypts customer data in Temporal. @default nothing is encrypted */
  readonly keys?: KeyRing | undefined;
}

/**
 * A worker for purchases, not yet running: `await worker.run()` runs it until it is shut down.
 *
 * @param taskQueue the queue it serves.
 */
export async function createWorker(taskQueue: string, deps: WorkerDeps): Promise<Worker> {
  return Worker.create({
    connection: deps.connection,
    namespace: deps.namespace,
    taskQueue,
    ...workflowCode({ isEncrypting: deps.keys !== undefined }),
    dataConverter: dataConverterFor(deps.keys),
    activities: createActivities(deps.portal),
    // Heartbeats bring a cancellation to a try to place; its time-out of 20 s leaves room for a slow one.
    maxHeartbeatThrottleInterval: '5s',
    // A POST that is under way is seen through rather than left unknown.
    shutdownGraceTime: '2m',
  });
}
