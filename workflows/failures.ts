import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { isFailureType, type FailureType } from '../src/contract/names.js';
import type { FailureDetail } from '../src/contract/purchase.js';
import type { PurchaseError } from './purchase-state.js';

/** Reads what an activity failed with, at the moment `at`. What has none of our types is told by `otherwise`. */
export function errorFrom(failure: unknown, otherwise: FailureType, at: number): PurchaseError {
  const cause = failure instanceof ActivityFailure ? failure.cause : failure;
  if (cause instanceof ApplicationFailure && isFailureType(cause.type)) {
    const detail = detailOf(cause);
    return { type: cause.type, message: cause.message, at, ...(detail && { detail }) };
  }
  if (cause instanceof TimeoutFailure) {
    // With retries used up, the last attempt's own failure says more than the time-out.
    if (cause.cause instanceof ApplicationFailure) return errorFrom(cause.cause, otherwise, at);
    return { type: otherwise, message: 'no worker reported an outcome in time', at };
  }
  return { type: otherwise, message: `an activity failed unexpectedly (${nameOf(cause)})`, at };
}

/** Whether an activity itself said what it failed with, rather than being missed. */
export function isReportedByWorker(failure: unknown): boolean {
  const cause = failure instanceof ActivityFailure ? failure.cause : failure;
  return cause instanceof ApplicationFailure && isFailureType(cause.type);
}

/** How long the portal asked us to wait, in milliseconds; 0 if it did not. */
export function retryAfterOf(error: PurchaseError): number {
  return error.detail?.retryAfterMs ?? 0;
}

/** What only a person can mend. */
export function needsPerson(type: FailureType): boolean {
  return type === 'InvalidClient' || type === 'InvalidScope' || type === 'NotPermitted';
}

function detailOf(failure: ApplicationFailure): FailureDetail | undefined {
  const detail: unknown = failure.details?.[0];
  return isFailureDetail(detail) ? detail : undefined;
}

/** Our own activities write it (activities/failures.ts); a look at its kind is enough. */
function isFailureDetail(detail: unknown): detail is FailureDetail {
  return typeof detail === 'object' && detail !== null && !Array.isArray(detail);
}

/** Never the message: what we did not write may hold anything. */
function nameOf(cause: unknown): string {
  if (cause instanceof ApplicationFailure) return cause.type ?? 'ApplicationFailure';
  return cause instanceof Error ? cause.name : typeof cause;
}
