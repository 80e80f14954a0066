import { NativeConnection, Runtime } from '@temporalio/worker';
import type { WorkerConfig } from '../config.js';
import { createLogger } from '../observability/logger.js';
import { PortalClient } from '../portal/index.js';
import { ensureSearchAttributes } from '../temporal/index.js';
import { createWorker } from './create-worker.js';

/**
 * Runs a worker until it is told to stop (SIGTERM, SIGINT); what it has begun, it finishes first.
 *
 * @param announce told once, when the worker is about to poll.
 */
export async function runWorker(config: WorkerConfig, announce: (line: string) => void): Promise<void> {
  Runtime.install({ logger: createLogger() });
  const portal = new PortalClient({ url: config.portalUrl, credentials: () => config.credentials });
  try {
    const connection = await NativeConnection.connect(config.temporal.connectionOptions);
    try {
      await ensureSearchAttributes(connection, config.temporal.namespace);
      const { namespace } = config.temporal;
      const worker = await createWorker(config.taskQueue, { connection, namespace, portal });
      const running = worker.run();
      announce(
        `worker ready: task queue ${config.taskQueue}, namespace ${namespace}, portal ${config.portalUrl}`,
      );
      await running;
    } finally {
      await connection.close();
    }
  } finally {
    await portal.close();
  }
}
