import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';

/** What a promise rejects with; fails the test when it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

/** The typed failure that a workflow or an update ends with. */
export async function typedFailure(promise: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await rejection(promise);
  if (!(error instanceof WorkflowFailedError) && !(error instanceof WorkflowUpdateFailedError)) throw error;
  if (!(error.cause instanceof ApplicationFailure)) throw error.cause ?? error;
  return error.cause;
}
