import { Client, Connection } from '@temporalio/client';
import { PurchaseClient } from '../client/index.js';
import { dataConverterFor } from '../codec/index.js';
import { codecKeysIn, taskQueueIn } from '../config.js';
import {
  diagnose,
  loadTemporalConfig,
  straightIfLoopback,
  type TemporalConnectionOptions,
  type Trouble,
} from '../temporal/index.js';
import { CliError } from './errors.js';
import { EXIT } from './exit-codes.js';
import { PROGRAM } from './program-name.js';
import { oneLine } from './sanitize.js';

/** The flags that say where Temporal is. */
export interface TemporalFlags {
  readonly address?: string | undefined;
  readonly namespace?: string | undefined;
  readonly taskQueue?: string | undefined;
}

/** A connected client of purchases. */
export interface Purchases {
  readonly client: PurchaseClient;
  /** Temporal itself, for what no purchase says. */
  readonly temporal: Client;
  /** Where Temporal is: `host:port`. */
  readonly address: string;
  /** Runs calls that may take so long at most, in milliseconds. */
  readonly within: <T>(milliseconds: number, call: () => Promise<T>) => Promise<T>;
}

/** How long a connection may take, in milliseconds. */
const CONNECT_MS = 5_000;

/** The environment with the flags put over it: a flag wins over a variable, which wins over a profile. */
export function environmentWith(
  flags: TemporalFlags,
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  return {
    ...env,
    ...(flags.address !== undefined && { TEMPORAL_ADDRESS: flags.address }),
    ...(flags.namespace !== undefined && { TEMPORAL_NAMESPACE: flags.namespace }),
    ...(flags.taskQueue !== undefined && { MARKETPLACE_TASK_QUEUE: flags.taskQueue }),
  };
}

/**
 * Connects, hands out a client, and closes the connection.
 *
 * @throws CliError when the server cannot be reached. ConfigError when the keys cannot be used.
 */
export async function withPurchases<T>(
  flags: TemporalFlags,
  use: (purchases: Purchases) => Promise<T>,
): Promise<T> {
  const env = environmentWith(flags);
  const { connectionOptions, namespace } = loadTemporalConfig(env);
  const dataConverter = dataConverterFor(codecKeysIn(env));
  const connection = Connection.lazy({
    ...connectionOptions,
    ...straightIfLoopback(connectionOptions.address),
    connectTimeout: CONNECT_MS,
  });
  try {
    await reach(connection, connectionOptions);
    const temporal = new Client({ connection, namespace, dataConverter });
    return await use({
      client: new PurchaseClient(temporal, { taskQueue: taskQueueIn(env) }),
      temporal,
      address: connectionOptions.address,
      within: (milliseconds, call) => connection.withDeadline(Date.now() + milliseconds, call),
    });
  } finally {
    await connection.close();
  }
}

async function reach(connection: Connection, options: TemporalConnectionOptions): Promise<void> {
  try {
    await connection.ensureConnected();
  } catch (error) {
    const trouble = await diagnose(options, error);
    throw trouble === undefined ? unreachable(options.address, error) : refused(trouble);
  }
}

/** What is said when a server is there, and TLS or our credentials are not as it wants them. */
function refused({ reason, advice }: Trouble): CliError {
  return new CliError({
    type: 'TemporalRefused',
    message: oneLine(reason),
    hint: oneLine(advice),
    exitCode: EXIT.unreachable,
  });
}

/** What is said when no Temporal server answers. */
function unreachable(address: string, error: unknown): CliError {
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined;
  return new CliError({
    type: 'TemporalUnreachable',
    message: oneLine(`no Temporal server answers at ${address}${reason === undefined ? '' : ` (${reason})`}`),
    hint: `Start one (temporal server start-dev, or ${PROGRAM} demo), or name another with --address or TEMPORAL_ADDRESS.`,
    exitCode: EXIT.unreachable,
  });
}
