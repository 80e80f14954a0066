import type { PurchaseClient } from 'gitlab-marketplace-temporal/client';
import { describeProblems, orderSchema, problemsOf } from 'gitlab-marketplace-temporal/contract';
import { Hono } from 'hono';
import { answerTo } from './answer-to.js';

/** The backend's HTTP interface. Put your own authentication before it. */
export function createApp(purchases: PurchaseClient): Hono {
  const app = new Hono();

  // A web page in a browser on this machine could call it, too: browsers say who asks.
  app.use(async (c, next) =>
    c.req.header('origin') === undefined ? next() : c.json({ failure: 'Forbidden' }, 403),
  );

  // Safe to send again, such as after a lost connection: the same order is bought once.
  app.post('/orders', async (c) => {
    const body: unknown = await c.req.json().catch(() => undefined);
    const order = orderSchema.safeParse(body);
    if (!order.success) {
      return c.json({ failure: 'InvalidOrder', message: describeProblems(problemsOf(order.error)) }, 422);
    }
    const { phase, subscriptionNumber } = await purchases.purchase(order.data, { within: '10s' });
    return c.json({ phase, subscriptionNumber }, 201);
  });

  // Where it stands, why, and what a person must do; from the server's records when no worker runs.
  app.get('/orders/:tradingPartnerId/:externalSubscriptionId', async (c) =>
    c.json(await purchases.status(c.req.param())),
  );

  // The license may take days: 202 until then.
  app.get('/orders/:tradingPartnerId/:externalSubscriptionId/result', async (c) => {
    const { runStatus, status } = await purchases.status(c.req.param());
    if (runStatus === 'RUNNING') return c.json({ phase: status.phase }, 202);
    return c.json(await purchases.waitForResult(c.req.param()));
  });

  app.post('/orders/:tradingPartnerId/:externalSubscriptionId/cancel', async (c) =>
    c.json(await purchases.cancel(c.req.param())),
  );

  app.onError((error, c) => {
    const answer = answerTo(error);
    if (answer === undefined) {
      console.error(error);
      return c.json({ failure: 'Unexpected' }, 500);
    }
    return c.json(answer.body, answer.status);
  });
  return app;
}
