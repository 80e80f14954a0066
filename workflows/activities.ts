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

/** Tried twice at most: then the workflow itself waits for the portal, where everyone sees why. */
const SOON_GIVEN_UP = {
  startToCloseTimeout: '2m',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: PORTAL_BACKOFF.initialIntervalMs, maximumAttempts: 2 },
} as const;

/**
 * Which tasks go first where workers have a backlog; 1 is the first. An order that is not placed yet goes before one
 * whose outcome is being found out, and that before one whose license is awaited. Ahead of all is what a person
 * waits for, or what ends a run.
 */
const PRIORITY = { ending: 1, asked: 1, placing: 2, confirming: 3, polling: 4 } as const;

/** The portal's calls of one purchase, with its trading partner's share of the workers. */
export type PortalActivities = ReturnType<typeof activitiesFor>;

/**
 * None but `lookOnce` limits the time in a queue: a long backlog, or hours without a worker, are no fault of the
 * portal, and waiting costs nothing.
 *
 * @param fairnessKey by which Temporal lets trading partners take turns.
 */
export function activitiesFor(fairnessKey: string) {
  const common = (priorityKey: number) => ({
    heartbeatTimeout: MISSED_AFTER,
    priority: { priorityKey, fairnessKey },
    // What a worker hands to itself takes no turn in the queue, and would pass its rate limit.
    allowEagerDispatch: false,
  });

  const { fetchToken } = proxyActivities<PurchaseActivities>({
    ...common(PRIORITY.placing),
    ...SOON_GIVEN_UP,
    summary: 'Log in to the portal, to place orders',
  });

  const { placeOrder } = proxyActivities<PurchaseActivities>({
    ...common(PRIORITY.placing),
    summary: 'Look for the order at the portal, and place it if it is not there',
    startToCloseTimeout: POST_LIFETIME_MS + 60_000,
    // Never by the server: it cannot know whether the last attempt's POST reached the portal.
    retry: { maximumAttempts: 1 },
    // A cancelled run may not close while the order is being created.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });

  const look = (priorityKey: number) =>
    proxyActivities<PurchaseActivities>({
      ...common(priorityKey),
      ...SOON_GIVEN_UP,
      summary: 'Ask the portal where the order stands',
    }).getSubscriptionStatus;

  // For a purchase that ends: when the portal does not answer soon, it ends without.
  const { getSubscriptionStatus: lookOnce } = proxyActivities<PurchaseActivities>({
    ...common(PRIORITY.ending),
    summary: 'Look whether the order exists before ending without it',
    startToCloseTimeout: '1m',
    scheduleToCloseTimeout: '2m',
    retry: { initialInterval: PORTAL_BACKOFF.initialIntervalMs },
  });

  const { requestCancellation } = proxyActivities<PurchaseActivities>({
    summary: 'End this run as Canceled',
    startToCloseTimeout: '10s',
    priority: { priorityKey: PRIORITY.ending, fairnessKey },
  });

  return {
    fetchToken,
    placeOrder,
    /** Whether the portal has an order whose outcome is not known. */
    confirm: look(PRIORITY.confirming),
    /** Where an order stands whose license is awaited. */
    poll: look(PRIORITY.polling),
    /** The same, for a person who waits for the answer. */
    lookNow: look(PRIORITY.asked),
    lookOnce,
    requestCancellation,
  };
}
