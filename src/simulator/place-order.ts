import { z } from 'zod';
import { SCOPES } from '../contract/names.js';
import { jsonAnswer, type Answer } from './answer.js';
import { authorize } from './authorize.js';
import type { Alteration } from './inject.js';
import type { CallFacts } from './journal.js';
import { actsFor, type SimulatorClient } from './options.js';
import { checkOrder, type RequiredFields } from './order-check.js';
import { MAGIC_PRODUCTS } from './orders.js';
import type { Portal, PortalRequest } from './portal.js';

const JSON_TYPE = /^application\/json(?:\s*;|$)/i;

const id = z.string().optional().catch(undefined);
const ids = z.object({ externalSubscriptionId: id, tradingPartnerId: id }).catch({});

/** The IDs in the body, however wrong the rest of it is. */
export function placeFacts({ text }: PortalRequest): CallFacts {
  const { externalSubscriptionId, tradingPartnerId } = ids.parse(parsed(text));
  return {
    ...(externalSubscriptionId !== undefined && { externalSubscriptionId }),
    ...(tradingPartnerId !== undefined && { tradingPartnerId }),
  };
}

/** `POST /api/v1/marketplace/subscriptions`: synchronous, so that of two calls at once one is the second. */
export function placeOrder(
  portal: Portal,
  request: PortalRequest,
  now: number,
  { hideForMs }: Alteration,
): Answer {
  const authorized = authorize(portal, request, SCOPES.create, now);
  if ('refusal' in authorized) return authorized.refusal;
  const body = JSON_TYPE.test(request.contentType ?? '') ? parsed(request.text) : undefined;
  if (body === undefined) return jsonAnswer(400, { error: 'The request body must be JSON.' });
  const checked = checkOrder(body);
  if ('errors' in checked) return unprocessable('The order is invalid.', checked.errors);
  const refusal = refusalOf(portal, authorized.grant.client, checked.order);
  if (refusal !== undefined) return refusal;
  const order = portal.orders.commit({ order: checked.order, body, now, hideForMs });
  const { externalSubscriptionId, subscriptionNumber } = order;
  return { ...jsonAnswer(201, { externalSubscriptionId, subscriptionNumber }), committed: true };
}

/** Why the portal does not take a well-formed order, if it does not. */
function refusalOf(portal: Portal, client: SimulatorClient, order: RequiredFields): Answer | undefined {
  const { permittedTradingPartners: permitted, secondPost } = portal.settings;
  const { tradingPartnerId, externalSubscriptionId } = order;
  if (!actsFor(client, tradingPartnerId) || permitted?.has(tradingPartnerId) === false) {
    return jsonAnswer(403, { error: `Trading partner ${tradingPartnerId} is not on the permitted list.` });
  }
  if (order.orderLines.some(({ productId }) => productId === MAGIC_PRODUCTS.refused)) {
    const message = `Product ${MAGIC_PRODUCTS.refused} cannot be ordered.`;
    return unprocessable(message, [`orderLines: ${message}`]);
  }
  if (secondPost === 'duplicate' || !portal.orders.has(client, externalSubscriptionId)) return undefined;
  const taken = 'externalSubscriptionId has already been taken';
  return secondPost === '409' ? jsonAnswer(409, { error: taken }) : unprocessable(taken, [taken]);
}

function unprocessable(error: string, errors: readonly string[]): Answer {
  return jsonAnswer(422, { error, errors });
}

/** The JSON value of a text, or `undefined` when it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
