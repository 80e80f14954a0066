import { cancellationSignal } from '@temporalio/activity';
import type { PortalClient } from '../src/portal/index.js';
import type { PurchaseActivities } from './api.js';
import { beating } from './beating.js';
import { calling } from './calling.js';
import { earlierRunSettles } from './earlier-runs.js';

export function createGetSubscriptionStatus(
  portal: PortalClient,
): PurchaseActivities['getSubscriptionStatus'] {
  return async ({ earlierRunSettlingMs, ...ids }) => {
    const lookedAt = Date.now();
    const found = await beating(() => calling(() => portal.findSubscription(ids, cancellationSignal())));
    if (found === undefined) {
      const settlingMs =
        earlierRunSettlingMs === undefined ? 0 : await earlierRunSettles(earlierRunSettlingMs, lookedAt);
      return { found: false, ...(settlingMs > 0 && { settlingMs }) };
    }
    const { status: portalStatus, ...number } = found;
    return { found: true, portalStatus, ...number };
  };
}
