import { cancellationSignal } from '@temporalio/activity';
import type { PortalClient } from '../src/portal/index.js';
import type { PurchaseActivities } from './api.js';
import { beating } from './beating.js';
import { calling } from './calling.js';

export function createFetchToken(portal: PortalClient): PurchaseActivities['fetchToken'] {
  return async ({ tradingPartnerId, scope }) => {
    const { expiresAt } = await beating(() =>
      calling(() => portal.fetchToken(tradingPartnerId, scope, cancellationSignal())),
    );
    return { scope, expiresAt: expiresAt.toISOString() };
  };
}
