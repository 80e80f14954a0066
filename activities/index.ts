import type { PortalClient } from '../src/portal/index.js';
import type { PurchaseActivities } from './api.js';
import { createFetchToken } from './fetch-token.js';
import { createGetSubscriptionStatus } from './get-subscription-status.js';
import { createPlaceOrder } from './place-order.js';
import { requestCancellation } from './request-cancellation.js';
import { validatePurchase } from './validate-purchase.js';

/** The activities of `PurchaseWorkflow`, on a client of the portal. */
export function createActivities(portal: PortalClient): PurchaseActivities {
  return {
    validatePurchase,
    fetchToken: createFetchToken(portal),
    placeOrder: createPlaceOrder(portal),
    getSubscriptionStatus: createGetSubscriptionStatus(portal),
    requestCancellation,
  };
}
