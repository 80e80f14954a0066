import { cancellationSignal } from '@temporalio/activity';
import type { PortalClient } from '../src/portal/index.js';
import type { PurchaseActivities } from './api.js';
import { beating } from './beating.js';
import { calling } from './calling.js';

export function createGetSubscriptionStatus(
  portal: PortalClient,
): PurchaseActivities['getSubscriptionStatus'] {
  return async (ids) => {
    const found = await beating(() => calling(() => portal.findSubscription(ids, cancellationSignal())));
    if (found === undefined) return { found: false };
    const { status: portalStatus, ...number } = found;
    return { found: true, portalStatus, ...number };
  };
}
