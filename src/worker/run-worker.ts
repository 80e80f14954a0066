import { NativeConnection, type Logger } from '@temporalio/worker';
import type { WorkerConfig } from '../config.js';
import { Observer } from '../observability/observer.js';
import { createLogger } from '../observability/logger.js';
import { PortalClient, type PacedTraffic } from '../portal/index.js';
import { ensureSearchAttributes } from '../temporal/index.js';
import { createWorker, type WorkerDeps } from './create-worker.js';
import { setCurrentCommand } from './deployment.js';
import { heartbeatMs, uniqueIdentity } from './fleet.js';
import { paceTraffic, watchFleet } from './pace-traffic.js';
import { endureSignals } from './signals.js';
import { starting } from './start-errors.js';

/**
 * Runs a worker until it is told to stop (SIGTERM, SIGINT); what it has begun, it finishes first.
 *
 * @param announce told once, when the worker is about to poll.
 * @throws WorkerStartError when Temporal cannot be reached, its namespace is not fit for purchases, or an address to
 * listen at is taken.
 */
export async function runWorker(config: WorkerConfig, announce: (line: string) => void): Promise<void> {
  const logger = createLogger();
  const traffic = paceTraffic(config.portalRate, logger);
  const observer = await starting(config, () =>
    Observer.start(config, { logger, heartbeatMs: heartbeatMs(config), traffic: () => traffic.report() }),
  );
  try {
    await work(config, { logger, traffic, observer, announce });
  } finally {
    await observer.close();
  }
}

/** What a worker process is made of before it reaches Temporal. */
interface Process {
  readonly logger: Logger;
  readonly traffic: PacedTraffic;
  readonly observer: Observer;
  readonly announce: (line: string) => void;
}

async function work(config: WorkerConfig, process: Process): Promise<void> {
  const { traffic, observer } = process;
  const { portalUrl: url, partners } = config;
  const { credentialsOf: credentials, clientIdOf } = partners;
  const portal = new PortalClient({ url, credentials, clientIdOf, traffic, ...observer.portal });
  try {
    const connection = await starting(config, () =>
      NativeConnection.connect(config.temporal.connectionOptions),
    );
    try {
      await poll(config, process, { connection, portal });
    } finally {
      await connection.close();
    }
  } finally {
    await portal.close();
  }
}

async function poll(
  config: WorkerConfig,
  { logger, traffic, observer, announce }: Process,
  { connection, portal }: Pick<WorkerDeps, 'connection' | 'portal'>,
): Promise<void> {
  const { taskQueue, keys, portalRate, buildId } = config;
  const { namespace } = config.temporal;
  const identity = uniqueIdentity();
  const worker = await starting(config, async () => {
    await ensureSearchAttributes(connection, namespace);
    const { tracing } = observer;
    const deps = { connection, namespace, portal, keys, tracing, identity, portalRate, buildId };
    return createWorker(taskQueue, deps);
  });
  const fleet = watchFleet(config, { connection, identity, logger }, traffic);
  try {
    const running = worker.run();
    observer.beginWatch({ worker, connection, taskQueue, namespace });
    const relent = endureSignals(() => traffic.stop());
    announce(readyLine(config));
    await running.finally(relent);
  } finally {
    await observer.endWatch();
    await fleet?.stop();
  }
}

function readyLine({ taskQueue, temporal: { namespace }, portalUrl, keys, buildId }: WorkerConfig): string {
  const where = `task queue ${taskQueue}, namespace ${namespace}, portal ${portalUrl}`;
  const encrypting = keys === undefined ? '' : `, encrypting with key ${keys.first.id}`;
  const build =
    buildId === undefined
      ? ''
      : `, build ${buildId}. It gets work once it is current: ${setCurrentCommand(taskQueue, buildId, namespace)}`;
  return `worker ready: ${where}${encrypting}${build}`;
}
