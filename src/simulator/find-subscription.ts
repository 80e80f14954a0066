import { SCOPES } from '../contract/names.js';
import { jsonAnswer, type Answer } from './answer.js';
import { authorize } from './authorize.js';
import type { Alteration } from './inject.js';
import type { Portal, PortalRequest } from './portal.js';

/** `GET /api/v1/marketplace/subscriptions/{external_subscription_id}` */
export function findSubscription(
  portal: Portal,
  request: PortalRequest,
  now: number,
  { hideForMs, status: altered }: Alteration,
): Answer {
  const authorized = authorize(portal, request, SCOPES.read, now);
  if ('refusal' in authorized) return authorized.refusal;
  const externalSubscriptionId = request.externalSubscriptionId ?? '';
  if (hideForMs > 0) portal.orders.hide(externalSubscriptionId, now + hideForMs);
  const order = portal.orders.find(authorized.grant.client, externalSubscriptionId, now);
  if (order === undefined) return jsonAnswer(404, { error: 'Subscription not found.' });
  const { subscriptionNumber } = order;
  const status = altered ?? portal.orders.statusOf(order, now);
  return jsonAnswer(200, { externalSubscriptionId, subscriptionNumber, status });
}
