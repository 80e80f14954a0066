/**
 * The names that other systems, scripts and people rely on. Imports nothing, so that workflow code,
 * clients and workers can all share it.
 */

/** The workflow type, as any SDK, the CLI or the HTTP API starts it. */
export const WORKFLOW_TYPE = 'PurchaseWorkflow';

/** The task queue, unless `MARKETPLACE_TASK_QUEUE` names another. */
export const TASK_QUEUE = 'marketplace-purchases';

/** The names of the messages a purchase takes. */
export const MESSAGES = {
  /** Query: where the purchase stands. */
  status: 'status',
  /** Signal: do not place the order, or record that the wish came too late. */
  cancel: 'cancel',
  /** Signal: a parked purchase tries again now. */
  retry: 'retry',
  /** Signal: ask the portal now instead of waiting for the timer. */
  poll: 'poll',
  /** Update: answers as soon as the order exists. */
  orderPlaced: 'orderPlaced',
  /** Update: cancels, and answers once it is known what that could do. */
  cancelPurchase: 'cancelPurchase',
  /** Update: replaces the order of a parked purchase that the portal does not have. */
  amendOrder: 'amendOrder',
} as const;

/** The custom search attributes, all of type Keyword. Nothing personal goes into one. */
export const SEARCH_ATTRIBUTES = {
  externalSubscriptionId: 'ExternalSubscriptionId',
  tradingPartnerId: 'TradingPartnerId',
  subscriptionNumber: 'SubscriptionNumber',
  purchasePhase: 'PurchasePhase',
} as const;

/** The memo key under which a purchase keeps its latest {@link PurchaseSummary}. */
export const SUMMARY_MEMO = 'purchase';

/** Where a purchase can stand. */
export const PURCHASE_PHASES = [
  /** The order is being placed. */
  'Placing',
  /** The outcome of a POST is unknown and is being found out. */
  'Confirming',
  /** The order exists; its status is polled. */
  'Provisioning',
  /** Parked: a person has to act. */
  'ActionRequired',
  /** The license is provisioned. */
  'Provisioned',
  /** Refused, failed at the portal, or parked for too long. */
  'Failed',
  /** Cancelled: no order was placed, or tracking it was stopped. */
  'Cancelled',
  /** The order exists, but was not provisioned before its deadline. */
  'Overdue',
] as const;

export type PurchasePhase = (typeof PURCHASE_PHASES)[number];

/** The types of the `ApplicationFailure`s that a purchase, its updates and its activities fail with. */
export const FAILURE_TYPES = [
  /** The input has the wrong shape; every problem is listed. */
  'InvalidOrder',
  /** The run's workflow ID is not the one its order asks for. */
  'WorkflowIdMismatch',
  /** The same IDs, but another order. */
  'OrderConflict',
  /** The portal does not know the client ID or secret. */
  'InvalidClient',
  /** The portal does not grant the scope. */
  'InvalidScope',
  /** The portal does not permit the call, such as for a trading partner it does not list. */
  'NotPermitted',
  /** The portal refused the order. */
  'OrderRejected',
  /** The portal could not be reached, and surely took no order. */
  'PortalUnavailable',
  /** The portal asked to be called less often. */
  'RateLimited',
  /** The portal's answer could not be understood. */
  'UnexpectedResponse',
  /** An order was sent, and whether the portal took it is not known. */
  'UnknownOutcome',
  /** The portal says that provisioning failed. */
  'ProvisioningFailed',
  /** The order was not provisioned before its deadline. */
  'ProvisioningOverdue',
  /** A person was needed and nobody acted before the park deadline. */
  'ParkExpired',
] as const;

export type FailureType = (typeof FAILURE_TYPES)[number];

/** Why a worker held a call to the portal back, not a byte of it being sent. */
export const HELD_CODES = [
  /** The portal asked for a pause (429, or 503 with `Retry-After`). */
  'PAUSED',
  /** The portal is down: it is asked now and then only. */
  'CIRCUIT_OPEN',
  /** More calls wait for their turn than can be made soon. */
  'BUSY',
  /** The worker stops, and another one takes what waits. */
  'STOPPING',
] as const;

export type HeldCode = (typeof HELD_CODES)[number];

/** The code as one of {@link HELD_CODES}; `undefined` when it is none. */
export function heldCodeOf(code: string | undefined): HeldCode | undefined {
  return HELD_CODES.find((held) => held === code);
}

/** Whether a name is one of {@link FAILURE_TYPES}. */
export function isFailureType(name: unknown): name is FailureType {
  return FAILURE_TYPES.some((type) => type === name);
}

/** The OAuth scopes of the Marketplace API; a token is asked for one of them at a time. */
export const SCOPES = {
  read: 'marketplace.order:read',
  create: 'marketplace.order:create',
} as const;

export type Scope = (typeof SCOPES)[keyof typeof SCOPES];

/** Who helps with what only GitLab can mend. Source: GitLab's page, "Step 1: Request access". */
export const GITLAB_CONTACT = 'your GitLab Partner Manager or partnerorderops@gitlab.com';

/** The two IDs that name a purchase. */
export interface PurchaseIds {
  /** The ID of the trading partner's account on the Customers Portal. */
  readonly tradingPartnerId: string;
  /** The ID of the subscription on the partner's own system. */
  readonly externalSubscriptionId: string;
}

/**
 * The workflow ID of a purchase: the lock that makes its order single-writer.
 *
 * @throws URIError when an ID has a lone surrogate, which the order's schema refuses.
 */
export function purchaseWorkflowId(ids: PurchaseIds): string {
  return `purchase:${encodeURIComponent(ids.tradingPartnerId)}:${encodeURIComponent(ids.externalSubscriptionId)}`;
}

/** The IDs in a workflow ID, or `undefined` when it is not a purchase's. */
export function parsePurchaseWorkflowId(workflowId: string): PurchaseIds | undefined {
  const [, tradingPartnerId = '', externalSubscriptionId = ''] = workflowId.split(':');
  try {
    const ids = {
      tradingPartnerId: decodeURIComponent(tradingPartnerId),
      externalSubscriptionId: decodeURIComponent(externalSubscriptionId),
    };
    const isWhole = ids.tradingPartnerId !== '' && ids.externalSubscriptionId !== '';
    return isWhole && purchaseWorkflowId(ids) === workflowId ? ids : undefined;
  } catch {
    return undefined;
  }
}

/**
 * How long after it was begun a try to place an order may still send something, in milliseconds. The worker
 * sends no POST later than that, and the workflow counts on it when a worker is lost.
 */
export const POST_LIFETIME_MS = 240_000;
