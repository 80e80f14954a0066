import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { FailureType } from '../src/contract/names.js';
import type { FailureDetail } from '../src/contract/purchase.js';
import {
  PortalError,
  PortalNotPermittedError,
  PortalOutcomeUnknownError,
  PortalRefusedError,
  PortalThrottledError,
  PortalUnauthorizedError,
  PortalUnavailableError,
  PortalUnreadableError,
} from '../src/portal/index.js';

/** What the workflow is told about a portal's failure: the type, and whether Temporal may try again by itself. */
interface Verdict {
  readonly type: FailureType;
  readonly retryable: boolean;
}

/**
 * The one place where the portal's errors become Temporal's. What is no portal's error is thrown as it is.
 *
 * A retry is normal life where a portal rests: such failures are benign, so that they neither fill the logs
 * nor count as errors in Temporal's metrics.
 */
export function toApplicationFailure(error: unknown): unknown {
  if (!(error instanceof PortalError)) return error;
  const { type, retryable } = verdictOn(error);
  return failure(type, error.message, {
    retryable,
    detail: {
      ...(error.status !== undefined && { httpStatus: error.status }),
      ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
      ...(error.held !== undefined && { held: error.held }),
    },
  });
}

/**
 * How long a wait may be for Temporal to do it, in milliseconds. A longer one is the workflow's: there everyone sees
 * why, and can cut it short.
 */
const LONGEST_RETRY_MS = 30_000;

/** A typed failure. Only a retryable one is benign; Temporal itself tries again only where the wait is short. */
export function failure(
  type: FailureType,
  message: string,
  { retryable = false, detail = {} }: { readonly retryable?: boolean; readonly detail?: FailureDetail } = {},
): ApplicationFailure {
  const { retryAfterMs } = detail;
  const isRetriedSoon = retryable && (retryAfterMs ?? 0) <= LONGEST_RETRY_MS;
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: !isRetriedSoon,
    details: [detail],
    ...(retryable && { category: ApplicationFailureCategory.BENIGN }),
    ...(isRetriedSoon && retryAfterMs !== undefined && { nextRetryDelay: retryAfterMs }),
  });
}

function verdictOn(error: PortalError): Verdict {
  if (error instanceof PortalUnavailableError) return { type: 'PortalUnavailable', retryable: true };
  if (error instanceof PortalThrottledError) return { type: 'RateLimited', retryable: true };
  if (error instanceof PortalUnreadableError) return { type: 'UnexpectedResponse', retryable: true };
  if (error instanceof PortalOutcomeUnknownError) return { type: 'UnknownOutcome', retryable: false };
  if (error instanceof PortalNotPermittedError) return { type: 'NotPermitted', retryable: false };
  if (error instanceof PortalRefusedError) return { type: 'OrderRejected', retryable: false };
  if (error instanceof PortalUnauthorizedError) {
    return { type: error.reason === 'invalid_scope' ? 'InvalidScope' : 'InvalidClient', retryable: false };
  }
  return { type: 'UnexpectedResponse', retryable: true };
}
