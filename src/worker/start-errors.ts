import { isGrpcServiceError } from '@temporalio/client';
import { TransportError } from '@temporalio/worker';
import type { WorkerConfig } from '../config.js';
import { AddressError } from '../observability/address.js';
import {
  diagnose,
  SearchAttributesMissingError,
  SearchAttributesNotVisibleError,
  SearchAttributeTypeError,
} from '../temporal/index.js';

/** Thrown when a worker cannot start for a reason that lies outside it. The message says what to do. */
export class WorkerStartError extends Error {
  override readonly name = 'WorkerStartError';
}

/** Takes one step on the way to a running worker. @throws WorkerStartError for what an operator can mend. */
export async function starting<T>(config: WorkerConfig, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const reason = await reasonNotToStart(error, config);
    throw reason === undefined ? error : new WorkerStartError(reason, { cause: error });
  }
}

/** What an operator can mend; `undefined` for what is a bug. */
async function reasonNotToStart(error: unknown, { temporal }: WorkerConfig): Promise<string | undefined> {
  const { address } = temporal.connectionOptions;
  if (error instanceof TransportError) {
    const trouble = await diagnose(temporal.connectionOptions, error);
    if (trouble !== undefined) return `${capitalized(trouble.reason)}. ${trouble.advice}`;
    return `No Temporal server answers at ${address}. Start it, or set TEMPORAL_ADDRESS${innermost(error)}.`;
  }
  if (
    error instanceof AddressError ||
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

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The SDK's core prints its errors as Rust structures; a person reads the words in the middle. */
function innermost({ message }: Error): string {
  const words = /message: "([^"]+)"/.exec(message)?.[1];
  return words === undefined ? '' : ` (${words})`;
}
