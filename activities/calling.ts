import { activityInfo, cancellationSignal, Context, log } from '@temporalio/activity';
import { PortalError } from '../src/portal/index.js';
import { failure, toApplicationFailure } from './failures.js';

/** Calls the portal; what goes wrong is thrown as Temporal is to see it. */
export async function calling<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    await throwIfCancelled();
    // Temporal does not log what is benign; without this, a portal that is away would leave no trace.
    if (activityInfo().attempt === 1 && !wasHeld(error))
      log.warn('The portal did not answer as it should', { reason: wordsOf(error) });
    throw toApplicationFailure(error);
  }
}

/**
 * Ends an activity that was cancelled. Only the workflow's own wish counts as a cancellation: when the worker
 * stops or an operator pauses the activity, it is to run again.
 */
export async function throwIfCancelled(): Promise<void> {
  if (!cancellationSignal().aborted) return;
  if (Context.current().cancellationDetails?.cancelRequested) await Context.current().cancelled;
  const { activityType } = activityInfo();
  throw failure(
    'PortalUnavailable',
    `${activityType} was stopped before it sent anything, and is to run again`,
    {
      retryable: true,
    },
  );
}

/** Who holds calls back says so itself, once for all of them. */
function wasHeld(error: unknown): boolean {
  return error instanceof PortalError && error.held !== undefined;
}

/** Only what the portal's client wrote is fit for a log. */
function wordsOf(error: unknown): string {
  if (error instanceof PortalError) return error.message;
  return error instanceof Error ? error.name : typeof error;
}
