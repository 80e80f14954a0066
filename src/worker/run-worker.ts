import { isGrpcServiceError } from '@temporalio/client';
import { NativeConnection, Runtime, TransportError, type Worker } from '@temporalio/worker';
import type { WorkerConfig } from '../config.js';
import { createLogger } from '../observability/logger.js';
import { PortalClient } from '../portal/index.js';
import {
  ensureSearchAttributes,
  SearchAttributesMissingError,
  SearchAttributesNotVisibleError,
  SearchAttributeTypeError,
} from '../temporal/index.js';
import { createWorker } from './create-worker.js';

/** Thrown when a worker cannot start for a reason that lies outside it. The message says what to do. */
export class WorkerStartError extends Error {
  override readonly name = 'WorkerStartError';
}

/**
 * Runs a worker until it is told to stop (SIGTERM, SIGINT); what it has begun, it finishes first.
 *
 * @param announce told once, when the worker is about to poll.
 * @throws WorkerStartError when Temporal cannot be reached, or its namespace is not fit for purchases.
 */
export async function runWorker(config: WorkerConfig, announce: (line: string) => void): Promise<void> {
  Runtime.install({ logger: createLogger() });
  const portal = new PortalClient({ url: config.portalUrl, credentials: config.partners.credentialsOf });
  try {
    const connection = await starting(config, () =>
      NativeConnection.connect(config.temporal.connectionOptions),
    );
    try {
      const worker = await starting(config, () => prepareWorker(config, connection, portal));
      const running = worker.run();
      announce(readyLine(config));
      await running;
    } finally {
      await connection.close();
    }
  } finally {
    await portal.close();
  }
}

function readyLine({ taskQueue, temporal, portalUrl, keys }: WorkerConfig): string {
  const where = `task queue ${taskQueue}, namespace ${temporal.namespace}, portal ${portalUrl}`;
  return `worker ready: ${where}${keys === undefined ? '' : `, encrypting with key ${keys.first.id}`}`;
}

async function prepareWorker(
  { taskQueue, keys, temporal: { namespace } }: WorkerConfig,
  connection: NativeConnection,
  portal: PortalClient,
): Promise<Worker> {
  await ensureSearchAttributes(connection, namespace);
  return createWorker(taskQueue, { connection, namespace, portal, keys });
}

async function starting<T>(config: WorkerConfig, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const reason = reasonNotToStart(error, config);
    throw reason === undefined ? error : new WorkerStartError(reason, { cause: error });
  }
}

/** What an operator can mend; `undefined` for what is a bug. */
function reasonNotToStart(error: unknown, { temporal }: WorkerConfig): string | undefined {
  const { address } = temporal.connectionOptions;
  if (error instanceof TransportError) {
    return `No Temporal server answers at ${address}. Start it, or set TEMPORAL_ADDRESS${innermost(error)}.`;
  }
  if (
    error instanceof SearchAttributesMissingError ||
    error instanceof SearchAttributesNotVisibleError ||
    error instanceof SearchAttributeTypeError
  ) {
    return error.message;
  }
  const cause = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
  if (!isGrpcServiceError(cause)) return undefined;
  return `The Temporal server at ${address} refused namespace "${temporal.namespace}": ${cause.details || cause.message}`;
}

/** The SDK's core prints its errors as Rust structures; a person reads the words in the middle. */
function innermost({ message }: Error): string {
  const words = /message: "([^"]+)"/.exec(message)?.[1];
  return words === undefined ? '' : ` (${words})`;
}
