import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { jsonAnswer, toResponse, type Answer } from './answer.js';
import { grantFacts } from './authorize.js';
import { readBody } from './body.js';
import { CONTROL_PATH, controlApp } from './control.js';
import { sendDamaged, type DamagedBody } from './damage.js';
import { describeActions } from './faults.js';
import { findSubscription } from './find-subscription.js';
import { grantToken, tokenFacts } from './grant-token.js';
import { damageOf, inject, type Alteration } from './inject.js';
import type { CallFacts, OpenEntry, PortalCall } from './journal.js';
import { placeFacts, placeOrder } from './place-order.js';
import type { Portal, PortalRequest } from './portal.js';

interface Env {
  Bindings: HttpBindings;
  Variables: { entry: OpenEntry };
}

/** One of the portal's calls: what it is about, and its effect and answer. */
interface Handler {
  readonly call: PortalCall;
  readonly facts: (portal: Portal, request: PortalRequest, now: number) => CallFacts;
  readonly answer: (portal: Portal, request: PortalRequest, now: number, alteration: Alteration) => Answer;
}

const TOKEN: Handler = { call: 'token', facts: tokenFacts, answer: grantToken };
const PLACE: Handler = {
  call: 'place',
  facts: (portal, request, now) => ({ ...grantFacts(portal, request, now), ...placeFacts(request) }),
  answer: placeOrder,
};
const FIND: Handler = {
  call: 'find',
  facts: (portal, request, now) => ({
    ...grantFacts(portal, request, now),
    ...(request.externalSubscriptionId !== undefined && {
      externalSubscriptionId: request.externalSubscriptionId,
    }),
  }),
  answer: findSubscription,
};

const SUBSCRIPTIONS = '/api/v1/marketplace/subscriptions';
const TOO_LARGE = jsonAnswer(413, { error: 'The request body is too large.' });

/** The portal's HTTP interface, and the control surface beside it. */
export function createApp(portal: Portal): Hono<Env> {
  const app = new Hono<Env>();
  app.onError((error, c) => c.json({ error: `The simulator failed: ${error.message}` }, 500));
  app.notFound((c) => c.json({ error: 'No such endpoint.' }, 404));

  app.route(CONTROL_PATH, controlApp(portal));

  app.use(journaled(portal));
  app.post('/oauth/token', called('token'), handled(portal, TOKEN));
  app.post(SUBSCRIPTIONS, called('place'), handled(portal, PLACE));
  app.get(`${SUBSCRIPTIONS}/:id`, called('find'), handled(portal, FIND));
  return app;
}

/** Writes every call down as it arrives, and its status when it is answered. */
function journaled(portal: Portal): MiddlewareHandler<Env> {
  return async (c, next) => {
    const entry: OpenEntry = { at: await portal.settings.now(), call: 'other', status: 'pending' };
    const traceparent = c.req.header('traceparent');
    if (traceparent !== undefined) entry.traceparent = traceparent;
    portal.journal.push(entry);
    c.set('entry', entry);
    await next();
    if (entry.status === 'pending') entry.status = hungUp(c) ? 'dropped' : c.res.status;
  };
}

/** Whether the caller went away before its request was complete. */
function hungUp({ env: { incoming } }: Context<Env>): boolean {
  return incoming.destroyed && !incoming.complete;
}

/** Names the call in the journal, before anything can refuse it. */
function called(call: PortalCall): MiddlewareHandler<Env> {
  return async (c, next) => {
    const entry = c.get('entry');
    entry.call = call;
    if (call === 'place') entry.committed = false;
    await next();
  };
}

function handled(portal: Portal, handler: Handler): (c: Context<Env>) => Promise<Response> {
  return async (c) => {
    const entry = c.get('entry');
    const request = await requestOf(c);
    if (request === undefined) return toResponse(TOO_LARGE);
    Object.assign(entry, handler.facts(portal, request, entry.at));
    const actions = await portal.faults.take({ ...entry, call: handler.call });
    if (actions.length > 0) entry.fault = describeActions(actions);
    const outcome = await inject(actions, portal, async (alteration) => {
      const now = await portal.settings.now();
      const answer = handler.answer(portal, request, now, alteration);
      if (answer.committed === true) entry.committed = true;
      return answer;
    });
    if (outcome === 'dropped') return dropped(c);
    const damage = damageOf(actions);
    return damage === undefined ? toResponse(outcome) : damaged(c, outcome, damage);
  };
}

/** What the calls look at, or `undefined` when the body is too large. */
async function requestOf(c: Context<Env>): Promise<PortalRequest | undefined> {
  const text = await readBody(c.env.incoming);
  if (text === undefined) return undefined;
  return {
    authorization: c.req.header('authorization'),
    contentType: c.req.header('content-type'),
    text,
    externalSubscriptionId: c.req.param('id'),
  };
}

/** Destroys the socket: what the caller sees is a lost connection. */
function dropped(c: Context<Env>): Response {
  c.get('entry').status = 'dropped';
  c.env.incoming.socket.destroy();
  return RESPONSE_ALREADY_SENT;
}

/** Sends the answer past Hono, as no whole response would go out. */
async function damaged(c: Context<Env>, answer: Answer, body: DamagedBody): Promise<Response> {
  c.get('entry').status = answer.status;
  await sendDamaged(c.env.outgoing, answer, body);
  return RESPONSE_ALREADY_SENT;
}
