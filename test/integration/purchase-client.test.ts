import { Client } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import {
  PurchaseCancelledError,
  PurchaseEndedError,
  PurchaseClient,
  PurchaseFailedError,
  PurchaseNotFoundError,
  PurchasePendingError,
  PurchaseStoppedError,
  type PurchaseListing,
} from '../../src/client/index.js';
import { purchaseWorkflowId, type Order } from '../../src/contract/index.js';
import { eventually } from '../helpers/eventually.js';
import { rejection } from '../helpers/failures.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';
import { useRig } from '../helpers/use-rig.js';
import { startDevEnvironment } from '../helpers/temporal.js';

const options = QUICK;
const of = (productId: string) => anOrder({ orderLines: [{ productId, quantity: 1 }] });
const another = (order: Order): Order => ({ ...order, orderLines: [{ productId: 'another', quantity: 7 }] });

describe('PurchaseClient', () => {
  const at = useRig(startDevEnvironment, {
    simulator: { permittedTradingPartners: ['0012300000AbCdE'] },
  });

  const handleOf = (order: Order) => at.env.client.workflow.getHandle(purchaseWorkflowId(order));

  it('purchases in one call, and again with the same answer', async () => {
    const order = of('never-provisions');
    const first = await at.rig.client.purchase(order, { options });
    const second = await at.rig.client.purchase(order, { options });
    expect(first).toEqual({
      workflowId: purchaseWorkflowId(order),
      externalSubscriptionId: order.externalSubscriptionId,
      tradingPartnerId: order.tradingPartnerId,
      phase: 'Provisioning',
      subscriptionNumber: at.rig.simulator.orders(order.externalSubscriptionId)[0]?.subscriptionNumber,
    });
    expect(second).toEqual(first);
    expect(at.rig.ordersFor(order)).toBe(1);
    await handleOf(order).terminate();
  });

  it('ten callers at once get one order', async () => {
    const order = anOrder();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => at.rig.client.purchase(order, { options })),
    );
    expect(new Set(answers.map(({ subscriptionNumber }) => subscriptionNumber)).size).toBe(1);
    expect(at.rig.ordersFor(order)).toBe(1);
  });

  it('returns the number of a purchase that is long complete', async () => {
    const order = anOrder();
    const first = await at.rig.client.purchase(order, { options });
    await at.rig.client.waitForResult(order);
    await expect(at.rig.client.purchase(order)).resolves.toEqual({ ...first, phase: 'Provisioned' });
    await expect(at.rig.client.start(order)).resolves.toMatchObject({ workflowId: first.workflowId });
    expect(at.rig.ordersFor(order)).toBe(1);
  });

  it.each<[string, (order: Order) => Promise<unknown>]>([
    ['purchase', (order) => at.rig.client.purchase(order)],
    ['start', (order) => at.rig.client.start(order)],
  ])('%s refuses another order under the same IDs, running, completed and cancelled', async (_name, call) => {
    const order = of('never-provisions');
    await at.rig.client.purchase(order, { options });
    expect(await rejection(call(another(order)))).toMatchObject({ type: 'OrderConflict' });
    // Temporal's cancellation leaves the order standing: another one must not adopt it.
    await handleOf(order).cancel();
    await rejection(at.rig.client.waitForResult(order));
    expect(await rejection(call(another(order)))).toMatchObject({ type: 'OrderConflict' });

    const complete = anOrder();
    await at.rig.client.purchase(complete, { options });
    await at.rig.client.waitForResult(complete);
    expect(await rejection(call(another(complete)))).toMatchObject({ type: 'OrderConflict' });
  });

  it('of two orders that are started at once, one is refused', async () => {
    const order = of('never-provisions');
    const both = await Promise.allSettled([at.rig.client.start(order), at.rig.client.start(another(order))]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const refused = both.find((one) => one.status === 'rejected');
    expect(refused?.reason).toMatchObject({ type: 'OrderConflict' });
    await handleOf(order).terminate();
  });

  it('a run with a broken order between does not hide the order that exists', async () => {
    const order = of('never-provisions');
    const { subscriptionNumber } = await at.rig.client.purchase(order, { options });
    await handleOf(order).cancel();
    await rejection(at.rig.client.waitForResult(order));
    const broken = await at.rig.begin(anInput({ ...order, orderLines: [] }));
    await rejection(broken.result());
    // Lists lag behind a little.
    await eventually(async () => {
      const query = `WorkflowId = '${purchaseWorkflowId(order)}' AND ExecutionStatus != 'Running'`;
      return (await at.env.client.workflow.count(query)).count === 2 || undefined;
    });
    expect(await rejection(at.rig.client.purchase(another(order)))).toMatchObject({ type: 'OrderConflict' });
    await expect(at.rig.client.purchase(order, { options })).resolves.toMatchObject({ subscriptionNumber });
    expect(at.rig.ordersFor(order)).toBe(1);
    await handleOf(order).terminate();
  });

  it('a run under its ID that was given another order does not stand in its way', async () => {
    const order = anOrder();
    const misled = await at.rig.begin(anInput(), { workflowId: purchaseWorkflowId(order) });
    await rejection(misled.result());
    await expect(at.rig.client.purchase(order, { options: QUICK })).resolves.toMatchObject({
      subscriptionNumber: expect.any(String),
    });
    const { timeline = [] } = (await at.rig.client.status(order)).status;
    expect(timeline.map(({ event }) => event)).not.toContain('OutcomeUnknown');
  });

  it('says that a purchase has ended', async () => {
    const order = anOrder();
    await at.rig.client.purchase(order, { options });
    await at.rig.client.waitForResult(order);
    const calls = [at.rig.client.cancel(order), at.rig.client.retry(order), at.rig.client.poll(order)];
    for (const error of await Promise.all(calls.map(rejection))) {
      expect(error).toBeInstanceOf(PurchaseEndedError);
    }
  });

  it('takes a corrected order after a refusal', async () => {
    const order = of('refuse-me');
    expect(await rejection(at.rig.client.purchase(order, { options }))).toMatchObject({
      type: 'OrderRejected',
    });
    await expect(at.rig.client.purchase(another(order), { options })).resolves.toHaveProperty(
      'subscriptionNumber',
    );
    expect(at.rig.ordersFor(order)).toBe(1);
  });

  it('refuses a bad order before anything is called', async () => {
    const error = await rejection(at.rig.client.purchase({ ...anOrder(), orderLines: [] }));
    expect(error).toBeInstanceOf(PurchaseFailedError);
    expect(error).toMatchObject({
      type: 'InvalidOrder',
      detail: { problems: [{ path: 'order.orderLines' }] },
    });
  });

  it('says that a person must act', async () => {
    const order = anOrder({ tradingPartnerId: 'unlisted' });
    const error = await rejection(at.rig.client.purchase(order, { options }));
    expect(error).toBeInstanceOf(PurchasePendingError);
    expect(error).toMatchObject({
      phase: 'ActionRequired',
      actionRequired: expect.stringContaining('unlisted'),
    });
    await expect(at.rig.client.cancel(order)).resolves.toMatchObject({ effect: 'not-placed' });
    expect(await rejection(at.rig.client.waitForResult(order))).toBeInstanceOf(PurchaseCancelledError);
  });

  it('tells the number of an order whose tracking was cancelled, or stopped from outside', async () => {
    const order = of('never-provisions');
    const { subscriptionNumber } = await at.rig.client.purchase(order, { options });
    await handleOf(order).cancel();
    const error = await rejection(at.rig.client.waitForResult(order));
    expect(error).toBeInstanceOf(PurchaseCancelledError);
    expect(error).toMatchObject({ subscriptionNumber });
    // The same order again tracks it on.
    await expect(at.rig.client.purchase(order, { options })).resolves.toMatchObject({ subscriptionNumber });
    await handleOf(order).terminate();
    expect(await rejection(at.rig.client.waitForResult(order))).toBeInstanceOf(PurchaseStoppedError);
    expect(at.rig.ordersFor(order)).toBe(1);
  });

  it('knows what it does not know', async () => {
    const unknown = anOrder();
    const calls = [
      at.rig.client.status(unknown),
      at.rig.client.waitForResult(unknown),
      at.rig.client.cancel(unknown),
      at.rig.client.retry(unknown),
      at.rig.client.poll(unknown),
    ];
    for (const error of await Promise.all(calls.map(rejection)))
      expect(error).toBeInstanceOf(PurchaseNotFoundError);
  });

  it('lists by phase and partner', async () => {
    const order = anOrder({ tradingPartnerId: "unlisted'quoted" });
    await at.rig.client.start(order, { options });
    const listed = await eventually(async () => {
      const found: PurchaseListing[] = [];
      for await (const item of at.rig.client.list({
        phase: 'ActionRequired',
        tradingPartnerId: order.tradingPartnerId,
      })) {
        found.push(item);
      }
      return found[0];
    });
    expect(listed).toMatchObject({
      externalSubscriptionId: order.externalSubscriptionId,
      tradingPartnerId: order.tradingPartnerId,
      phase: 'ActionRequired',
      runStatus: 'RUNNING',
    });
    await at.rig.client.cancel(order);
  });

  it('works with any client, also one that knows nothing of purchases', async () => {
    const plain = new PurchaseClient(new Client({ connection: at.env.connection }), {
      taskQueue: at.rig.taskQueue,
    });
    await expect(plain.purchase(anOrder(), { options })).resolves.toHaveProperty('subscriptionNumber');
  });

  it('answers from what the server keeps when no worker runs, and says so', async () => {
    const order = of('never-provisions');
    const { subscriptionNumber } = await at.rig.client.purchase(order, { options });
    expect(await at.rig.client.status(order)).toMatchObject({
      answeredBy: 'worker',
      status: { subscriptionNumber },
    });
    await at.rig.client.cancel(order);
    await at.rig.stopWorker();
    const fresh = anOrder();
    try {
      expect(await at.rig.client.status(order)).toMatchObject({
        answeredBy: 'server',
        runStatus: 'RUNNING',
        asOf: expect.any(String),
        status: {
          phase: 'Provisioning',
          subscriptionNumber,
          deadline: expect.any(String),
          cancellation: { via: 'update', effect: 'too-late' },
        },
      });
      const error = await rejection(at.rig.client.purchase(fresh, { options, within: '100ms' }));
      expect(error).toBeInstanceOf(PurchasePendingError);
      expect(await at.rig.client.status(fresh)).toMatchObject({
        answeredBy: 'server',
        status: { phase: 'Placing' },
      });
    } finally {
      await at.rig.startWorker();
    }
    await expect(at.rig.client.waitForResult(fresh)).resolves.toMatchObject({ outcome: 'Provisioned' });
    expect(at.rig.ordersFor(fresh)).toBe(1);
    await handleOf(order).terminate();
  });

  it('starts from another language meet the same rules', async () => {
    const order = of('never-provisions');
    await at.rig.begin(anInput(order));
    await expect(at.rig.client.purchase(order)).resolves.toHaveProperty('subscriptionNumber');
    expect(await rejection(at.rig.client.purchase(another(order)))).toMatchObject({ type: 'OrderConflict' });
    await handleOf(order).terminate();
  });
});
