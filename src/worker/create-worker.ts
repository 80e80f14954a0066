import { Worker, type NativeConnection, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../../activities/index.js';
import { dataConverterFor, type KeyRing } from '../codec/index.js';
import type { WorkerTracing } from '../observability/tracing.js';
import type { PortalClient } from '../portal/index.js';
import { workflowCode } from './bundle.js';
import { deploymentOptions } from './deployment.js';

/** What a worker is made of. */
export interface WorkerDeps {
  /** The connection to the Temporal server; the caller closes it. */
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** The client of the Customers Portal; the caller closes it. */
  readonly portal: PortalClient;
  /** Encrypts customer data in Temporal. @default nothing is encrypted */
  readonly keys?: KeyRing | undefined;
  /** What it is called. @default the SDK's: its process and host */
  readonly identity?: string | undefined;
  /**
   * Calls a second to the portal, over all workers together: how many activities the worker runs at once. What keeps to
   * the rate is the `traffic` of {@link portal}. @default as many as there are
   */
  readonly portalRate?: number | undefined;
  /** Makes spans of what it does. @default none are made */
  readonly tracing?: WorkerTracing | undefined;
  /** Turns worker versioning on, with this as the build's ID. @default it is off */
  readonly buildId?: string | undefined;
}

/**
 * How many activities a worker runs at once. With a rate, few: what waits for its turn is to wait in Temporal, where the
 * next free worker takes it, by priority and fairly, and not here behind what came before. Two seconds' worth keeps the
 * rate used up while a portal takes up to two seconds to answer. One worker of fifteen still serves it within 30 s.
 */
export function activitySlots(portalRate: number): number {
  return Math.min(Math.max(5, Math.ceil(2 * portalRate)), MOST_SLOTS);
}

const MOST_SLOTS = 500;

/**
 * How many workflow tasks a worker works on at once. One thread runs them: more would only wait in the worker, where no
 * partner has turns, rather than in Temporal, where they have. Enough to be busy while some are on their way.
 */
const WORKFLOW_TASK_SLOTS = 8;

/**
 * A worker for purchases, not yet running: `await worker.run()` runs it until it is shut down.
 *
 * @param taskQueue the queue it serves.
 */
export async function createWorker(taskQueue: string, deps: WorkerDeps): Promise<Worker> {
  return Worker.create(workerOptions(taskQueue, deps));
}

/** All that Temporal's SDK is told of a worker for purchases. */
export function workerOptions(taskQueue: string, deps: WorkerDeps): WorkerOptions {
  const { tracing } = deps;
  const isTraced = tracing !== undefined;
  const { workflowModules, ...code } = workflowCode({ isEncrypting: deps.keys !== undefined, isTraced });
  return {
    connection: deps.connection,
    namespace: deps.namespace,
    taskQueue,
    ...(deps.identity !== undefined && { identity: deps.identity }),
    ...(deps.portalRate !== undefined && {
      maxConcurrentActivityTaskExecutions: activitySlots(deps.portalRate),
    }),
    maxConcurrentWorkflowTaskExecutions: WORKFLOW_TASK_SLOTS,
    ...code,
    dataConverter: dataConverterFor(deps.keys),
    activities: createActivities(deps.portal),
    interceptors: { workflowModules, activity: [...(tracing?.activity ?? [])] },
    ...(isTraced && { sinks: tracing.sinks }),
    // Heartbeats bring a cancellation to a try to place; its time-out of 20 s leaves room for a slow one.
    maxHeartbeatThrottleInterval: '5s',
    // A POST that is under way is seen through rather than left unknown.
    shutdownGraceTime: '2m',
    ...(deps.buildId !== undefined && {
      workerDeploymentOptions: deploymentOptions(taskQueue, deps.buildId),
    }),
  };
}
