import type { HttpBindings } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import { z } from 'zod';
import { readBody } from './body.js';
import { faultSchema } from './faults.js';
import type { Portal } from './portal.js';

interface Env {
  Bindings: HttpBindings;
}

/** Where the control surface lives. Its calls are neither journaled nor faulted. */
export const CONTROL_PATH = '/_simulator';

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/;

const oneOrMoreFaults = z.preprocess(
  (body) => (Array.isArray(body) ? body : [body]),
  z.array(faultSchema).min(1),
);
const newClient = z.strictObject({
  clientSecret: z.string().min(1),
  tradingPartnerIds: z.array(z.string()).optional(),
  revoke: z.boolean().optional(),
});
const newStatus = z.strictObject({ status: z.string() });

/**
 * The control surface, for a simulator that runs as a process of its own:
 * `GET /journal`, `GET /orders[?externalSubscriptionId=…]`, `PUT /status/{externalSubscriptionId}` with
 * `{ "status": … }`; `POST /faults` with a fault or a list of them, `DELETE /faults`, and `GET /faults`, which
 * lists those that wait as `{ fault, left, skip, from?, until? }`; `PUT /clients/{clientId}` with
 * `{ "clientSecret", "tradingPartnerIds"?, "revoke"? }`: an account is added or changed, its tokens revoked.
 */
export function controlApp(portal: Portal): Hono<Env> {
  const app = new Hono<Env>();
  // A web page that is open on this machine must not steer it, nor read it under a name that resolves to here.
  app.use(async (c, next) => {
    if (c.req.header('origin') === undefined && LOOPBACK.test(c.req.header('host') ?? '')) return next();
    return c.json({ error: 'only for programs on this machine' }, 403);
  });
  app.get('/journal', (c) => c.json(portal.journal));
  app.get('/orders', (c) => c.json(portal.orders.list(c.req.query('externalSubscriptionId'))));
  app.put('/status/:id', async (c) => {
    const body = newStatus.safeParse(await bodyOf(c));
    if (!body.success) return c.json({ error: z.prettifyError(body.error) }, 400);
    portal.orders.setStatus(c.req.param('id'), body.data.status);
    return c.body(null, 204);
  });
  app.put('/clients/:id', async (c) => {
    const body = newClient.safeParse(await bodyOf(c));
    if (!body.success) return c.json({ error: 'must be { clientSecret, tradingPartnerIds?, revoke? }' }, 400);
    const { clientSecret, tradingPartnerIds, revoke } = body.data;
    const clientId = c.req.param('id');
    portal.clients.set({ clientId, clientSecret, ...(tradingPartnerIds && { tradingPartnerIds }) });
    if (revoke === true) portal.tokens.revokeOf(clientId);
    return c.body(null, 204);
  });
  app.get('/faults', async (c) => c.json(await portal.faults.list()));
  app.post('/faults', async (c) => {
    const faults = oneOrMoreFaults.safeParse(await bodyOf(c));
    if (!faults.success) return c.json({ error: z.prettifyError(faults.error) }, 400);
    for (const fault of faults.data) portal.faults.add(fault);
    return c.json({ added: faults.data.length }, 201);
  });
  app.delete('/faults', (c) => {
    portal.faults.clear();
    return c.body(null, 204);
  });
  return app;
}

/** The JSON of a body; `undefined`, which no schema takes, when it is none or too large. */
async function bodyOf(c: Context<Env>): Promise<unknown> {
  const text = await readBody(c.env.incoming);
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
