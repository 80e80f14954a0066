import {
  isGrpcServiceError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import { isFailureType } from '../contract/names.js';
import { failureDetailSchema, type FailureDetail } from '../contract/purchase.js';
import {
  NoWorkerError,
  PurchaseCancelledError,
  PurchaseFailedError,
  PurchaseNotFoundError,
  PurchaseStoppedError,
} from './errors.js';

/**
 * gRPC's CANCELLED and DEADLINE_EXCEEDED, which race when a deadline passes, and FAILED_PRECONDITION: a query
 * found nobody who polls.
 */
const UNANSWERED: ReadonlySet<number> = new Set([1, 4, 9]);

/** Temporal's errors about one purchase, as the client's own. What is none of them comes back as it is. */
export function toPurchaseError(error: unknown, workflowId: string): unknown {
  if (error instanceof WorkflowNotFoundError) return new PurchaseNotFoundError(workflowId);
  if (isUnanswered(error)) return new NoWorkerError('no worker answered in time', workflowId);
  if (!(error instanceof WorkflowFailedError) && !(error instanceof WorkflowUpdateFailedError)) return error;
  const { cause } = error;
  if (cause instanceof CancelledFailure) return new PurchaseCancelledError(workflowId, undefined);
  if (cause instanceof ApplicationFailure && isFailureType(cause.type)) {
    return new PurchaseFailedError(cause.type, cause.message, detailOf(cause), workflowId);
  }
  if (cause instanceof TerminatedFailure || cause instanceof TimeoutFailure) {
    return new PurchaseStoppedError(`the purchase was stopped from outside: ${cause.message}`, workflowId);
  }
  return error;
}

/** Whether a call to the Temporal server failed only because no worker answered it. */
export function isUnanswered(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  const cause = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
  return isGrpcServiceError(cause) && UNANSWERED.has(cause.code);
}

function detailOf(failure: ApplicationFailure): FailureDetail {
  return failureDetailSchema.safeParse(failure.details?.[0]).data ?? {};
}
