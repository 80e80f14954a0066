import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { PurchaseActivities } from '../activities/api.js';
import { POST_LIFETIME_MS } from '../src/contract/names.js';
import type { Backoff } from './backoff.js';

/** How long a portal that cannot be reached is tried before a person is asked. A maintenance has taken an hour. */
export const PORTAL_BUDGET_MS = 2 * 3_600_000;

/** Calls in one spell of trouble, however long the waits are that the portal asks for. */
export const MOST_TROUBLED_CALLS = 100;

/** How the portal is tried again while it cannot be reached. */
export const PORTAL_BACKOFF: Backoff = {
  initialIntervalMs: 2_000,
  backoffCoefficient: 2,
  maximumIntervalMs: 120_000,
};

/** A worker that was killed is missed after this long. */
const MISSED_AFTER = '20s';

export const { validatePurchase } = proxyLocalActivities<PurchaseActivities>({
  summary: 'Check the order and its options',
  startToCloseTimeout: '10s',
});

export const { fetchToken } = proxyActivities<PurchaseActivities>({
  summary: 'Log in to the portal, to place orders',
  // Soon given up: the workflow itself waits for the portal, where everyone sees why.
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: '2m',
  heartbeatTimeout: MISSED_AFTER,
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: PORTAL_BACKOFF.initialIntervalMs, maximumAttempts: 2 },
});

export const { placeOrder } = proxyActivities<PurchaseActivities>({
  summary: 'Look for the order at the portal, and place it if it is not there',
  startToCloseTimeout: POST_LIFETIME_MS + 60_000,
  heartbeatTimeout: MISSED_AFTER,
  // Never by the server: it cannot know whether the last attempt's POST reached the portal.
  retry: { maximumAttempts: 1 },
  // A cancelled run may not close while the order is being created.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

export const { getSubscriptionStatus } = proxyActivities<PurchaseActivities>({
  summary: 'Ask the portal where the order stands',
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: '2m',
  heartbeatTimeout: MISSED_AFTER,
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: PORTAL_BACKOFF.initialIntervalMs, maximumAttempts: 2 },
});

/** The same for a purchase that ends: when the portal does not answer soon, it ends without. */
export const { getSubscriptionStatus: lookOnce } = proxyActivities<PurchaseActivities>({
  summary: 'Look whether the order exists before ending without it',
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '1m',
  heartbeatTimeout: MISSED_AFTER,
  retry: { initialInterval: PORTAL_BACKOFF.initialIntervalMs },
});

export const { requestCancellation } = proxyActivities<PurchaseActivities>({
  summary: 'End this run as Canceled',
  startToCloseTimeout: '10s',
});
