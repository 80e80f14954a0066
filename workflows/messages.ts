import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { MESSAGES } from '../src/contract/names.js';
import type { Order } from '../src/contract/order.js';
import type {
  AmendOrderAnswer,
  CancelPurchaseAnswer,
  CancelRequest,
  OrderPlacedAnswer,
  OrderPlacedRequest,
  PurchaseStatus,
} from '../src/contract/purchase.js';

/** Where the purchase stands. */
export const statusQuery = defineQuery<PurchaseStatus>(MESSAGES.status);

/** Do not place the order; once it exists, the wish is recorded and the order stands. */
export const cancelSignal = defineSignal<[CancelRequest?]>(MESSAGES.cancel);

/** A parked purchase tries again now; otherwise ignored. */
export const retrySignal = defineSignal(MESSAGES.retry);

/** Ask the portal now instead of waiting for the timer. */
export const pollSignal = defineSignal(MESSAGES.poll);

/**
 * Answers as soon as the order exists.
 *
 * @throws ApplicationFailure of the type the workflow fails with, when the order never will exist;
 * `OrderConflict` when the run buys another order.
 */
export const orderPlacedUpdate = defineUpdate<OrderPlacedAnswer, [OrderPlacedRequest]>(MESSAGES.orderPlaced);

/** Cancels, and answers once it is known what that could do. */
export const cancelPurchaseUpdate = defineUpdate<CancelPurchaseAnswer, [CancelRequest]>(
  MESSAGES.cancelPurchase,
);

/**
 * Replaces the order of a parked purchase that the portal does not have, and lets the purchase go on.
 *
 * @throws ApplicationFailure `OrderConflict` when it is not parked or an order exists or may exist;
 * `InvalidOrder`; what the portal's client fails with when the portal does not say whether it has the order.
 */
export const amendOrderUpdate = defineUpdate<AmendOrderAnswer, [Order]>(MESSAGES.amendOrder);
