import type { PurchaseIds, Scope } from '../src/contract/names.js';
import type { ResolvedOptions } from '../src/contract/options.js';
import type { Order } from '../src/contract/order.js';

/** What a worker does for `PurchaseWorkflow`. Types only, so that workflow code sees nothing of Node. */
export interface PurchaseActivities {
  /**
   * Checks a purchase's input and fills in the options' defaults, so that a run keeps those it began with.
   *
   * @throws ApplicationFailure `InvalidOrder`, listing every problem with its path.
   */
  validatePurchase(input: unknown): Promise<ResolvedOptions>;

  /**
   * Sees to it that the worker holds a token of a scope. The token itself stays in the worker's memory.
   *
   * @throws ApplicationFailure `InvalidClient`, `InvalidScope`, `PortalUnavailable`, `RateLimited` or
   * `UnexpectedResponse`.
   */
  fetchToken(request: FetchTokenRequest): Promise<FetchedToken>;

  /**
   * Places an order, unless the portal has it: looks first, and adopts what it finds.
   *
   * @throws ApplicationFailure `UnknownOutcome` when an order was sent and its fate is not known. With any
   * other type, the portal surely took no order.
   */
  placeOrder(request: PlaceOrderRequest): Promise<PlacedOrder>;

  /**
   * Asks the portal where a subscription stands.
   *
   * @throws ApplicationFailure of any type the portal's client can cause but `UnknownOutcome`.
   */
  getSubscriptionStatus(request: SubscriptionStatusRequest): Promise<SubscriptionStatus>;

  /** Asks the Temporal server to cancel the run that calls this: only so can it end as Canceled. */
  requestCancellation(): Promise<void>;
}

export interface FetchTokenRequest {
  readonly tradingPartnerId: string;
  readonly scope: Scope;
}

/** What may be known of a token. */
export interface FetchedToken {
  readonly scope: Scope;
  /** ISO 8601. */
  readonly expiresAt: string;
}

export interface PlaceOrderRequest {
  readonly order: Order;
  /** Whether an earlier POST of this order may have reached the portal. */
  readonly repeated: boolean;
  /** How long after an earlier run was stopped an order that it sent may still turn up, in milliseconds. */
  readonly earlierRunSettlingMs: number;
}

export interface PlacedOrder {
  /** Whether the portal had the order before this call placed anything. */
  readonly adopted: boolean;
  readonly subscriptionNumber?: string;
  /** The portal's status, where it was looked up. */
  readonly portalStatus?: string;
}

export interface SubscriptionStatusRequest extends PurchaseIds {
  /**
   * Given where a "not found" is to be believed: how long after an earlier run was stopped an order that it sent
   * may still turn up, in milliseconds.
   */
  readonly earlierRunSettlingMs?: number;
}

export type SubscriptionStatus =
  | {
      readonly found: false;
      /** How long an order of an earlier run may still turn up, in milliseconds; absent when none may. */
      readonly settlingMs?: number;
    }
  | { readonly found: true; readonly portalStatus: string; readonly subscriptionNumber?: string };
