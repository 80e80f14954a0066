import type { FailureType, PurchasePhase } from '../contract/names.js';
import type { FailureDetail } from '../contract/purchase.js';

/** What a `PurchaseClient` throws about a purchase. There is one class for each decision a caller makes. */
export abstract class PurchaseError extends Error {
  /** The workflow ID of the purchase, where it has one. */
  readonly workflowId: string | undefined;

  constructor(message: string, workflowId: string | undefined, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.workflowId = workflowId;
  }
}

/**
 * Thrown when a purchase failed, or never could begin; `type` says why. With `InvalidOrder` and
 * `OrderConflict` nothing was sent to the portal.
 */
export class PurchaseFailedError extends PurchaseError {
  readonly type: FailureType;
  /** What a caller needs to go on: the subscription number if an order exists, problems, what to do. */
  readonly detail: FailureDetail;

  constructor(type: FailureType, message: string, detail: FailureDetail, workflowId?: string) {
    super(`${type}: ${message}`, workflowId);
    this.type = type;
    this.detail = detail;
  }
}

/** Thrown when a purchase was cancelled. With a subscription number, the order stands and only its tracking ended. */
export class PurchaseCancelledError extends PurchaseError {
  readonly subscriptionNumber: string | undefined;

  constructor(workflowId: string, subscriptionNumber: string | undefined) {
    super(
      subscriptionNumber === undefined
        ? 'the purchase was cancelled'
        : `the tracking was cancelled; the order ${subscriptionNumber} stands`,
      workflowId,
    );
    this.subscriptionNumber = subscriptionNumber;
  }
}

/** Thrown when a purchase was ended from outside: terminated by an operator, or timed out on the server. */
export class PurchaseStoppedError extends PurchaseError {}

/** Thrown when there is no number yet. The purchase goes on: ask for its status, or call again with the same order. */
export class PurchasePendingError extends PurchaseError {
  /** Absent when no worker answered. */
  readonly phase: PurchasePhase | undefined;
  /** What a person must do, when the purchase is parked. */
  readonly actionRequired: string | undefined;

  constructor(message: string, workflowId: string, phase?: PurchasePhase, actionRequired?: string) {
    super(message, workflowId);
    this.phase = phase;
    this.actionRequired = actionRequired;
  }
}

/** Thrown when Temporal knows no purchase with these IDs: none was started, or its retention has passed. */
export class PurchaseNotFoundError extends PurchaseError {
  constructor(workflowId: string) {
    super(`there is no purchase ${workflowId}`, workflowId);
  }
}

/** Thrown when something was asked of a purchase that has ended: its status tells as what. */
export class PurchaseEndedError extends PurchaseError {
  constructor(workflowId: string) {
    super('the purchase has ended already', workflowId);
  }
}

/** Thrown when no worker answered in time. Check that workers run and that they serve the purchase's task queue. */
export class NoWorkerError extends PurchaseError {}
