import { activityInfo, cancellationSignal, Context } from '@temporalio/activity';
import { failure, toApplicationFailure } from './failures.js';

/** Calls the portal; what goes wrong is thrown as Temporal is to see it. */
export async function calling<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    await throwIfCancelled();
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
