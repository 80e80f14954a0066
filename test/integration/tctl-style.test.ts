import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { purchaseStatusSchema, purchaseWorkflowId, type Order } from '../../src/contract/index.js';
import { DEMO_CLIENT, startSimulator, type Simulator } from '../../src/simulator/index.js';
import { startDevServer, type DevServer } from '../../src/temporal/index.js';
import { eventually } from '../helpers/eventually.js';
import { anInput, anOrder } from '../helpers/orders.js';
import { killWorkers, WorkerProcess } from '../helpers/processes.js';

// tctl is archived and cannot be had from a registry. What it did, and what any `curl` does, is this: plain
// JSON in and out, without an SDK. So here it is Temporal's HTTP API that is spoken to.
let server: DevServer;
let simulator: Simulator;

beforeAll(async () => {
  server = await startDevServer({ port: 0, headless: true });
  simulator = await startSimulator();
  await new WorkerProcess({
    TEMPORAL_ADDRESS: server.address,
    MARKETPLACE_PORTAL_URL: simulator.url,
    MARKETPLACE_CLIENT_ID: DEMO_CLIENT.clientId,
    MARKETPLACE_CLIENT_SECRET: DEMO_CLIENT.clientSecret,
  }).isReady();
});
afterAll(async () => {
  await killWorkers();
  await simulator?.close();
  await server?.kill();
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function post(path: string, body: object): Promise<Answer> {
  const response = await fetch(`${server.httpUrl}/api/v1/namespaces/default/workflows/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

/** A purchase as a path of Temporal's HTTP API: the ID is encoded once more. */
function pathOf(order: Order): string {
  return encodeURIComponent(purchaseWorkflowId(order));
}

async function begin(order: Order): Promise<Answer> {
  const polling = { initialInterval: '1h', maximumInterval: '1h' };
  return post(pathOf(order), {
    workflowType: { name: 'PurchaseWorkflow' },
    taskQueue: { name: 'marketplace-purchases' },
    input: [anInput(order, { polling })],
  });
}

async function statusOf(order: Order) {
  const { body } = await post(`${pathOf(order)}/query/status`, {});
  return z.object({ queryResult: z.tuple([purchaseStatusSchema]) }).parse(body).queryResult[0];
}

async function update(order: Order, name: string, argument: object): Promise<Answer> {
  return post(`${pathOf(order)}/update/${name}`, {
    request: { meta: {}, input: { args: [argument] } },
    waitPolicy: { lifecycleStage: 'UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED' },
  });
}

describe("a caller of Temporal's HTTP API", () => {
  it('buys, waits for the number, asks, hurries, and sees the end', async () => {
    // An ID with a slash comes through all the encodings.
    const order = anOrder({ externalSubscriptionId: `HTTP/${process.pid} 1` });
    simulator.setStatus(order.externalSubscriptionId, 'Created');
    expect((await begin(order)).status).toBe(200);
    expect((await begin(order)).status).toBe(409);
    const placed = await update(order, 'orderPlaced', { within: '30s', order });
    const subscriptionNumber = simulator.orders(order.externalSubscriptionId)[0]?.subscriptionNumber;
    expect(subscriptionNumber).toBeDefined();
    expect(placed).toMatchObject({
      status: 200,
      body: { outcome: { success: [{ phase: 'Provisioning', subscriptionNumber }] } },
    });
    simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
    expect((await post(`${pathOf(order)}/signal/poll`, {})).status).toBe(200);
    const status = await eventually(async () => {
      const now = await statusOf(order);
      return now.phase === 'Provisioned' ? now : undefined;
    });
    expect(status).toMatchObject({ subscriptionNumber, portalStatus: 'Provisioned' });
    expect(simulator.orders(order.externalSubscriptionId)).toHaveLength(1);
  });

  it('is refused another order of the same ID, with the failure type', async () => {
    const order = anOrder();
    simulator.setStatus(order.externalSubscriptionId, 'Created');
    await begin(order);
    const other = { ...order, orderLines: [{ productId: 'another', quantity: 1 }] };
    expect(await update(order, 'orderPlaced', { order: other })).toMatchObject({
      status: 200,
      body: { outcome: { failure: { applicationFailureInfo: { type: 'OrderConflict' } } } },
    });
    expect((await post(`${pathOf(order)}/cancel`, {})).status).toBe(200);
  });

  it('cancels with a signal and an update, before and after the order exists', async () => {
    const order = anOrder();
    simulator.setStatus(order.externalSubscriptionId, 'Created');
    await begin(order);
    await update(order, 'orderPlaced', {});
    expect((await post(`${pathOf(order)}/signal/cancel`, { input: [{ reason: 'by HTTP' }] })).status).toBe(
      200,
    );
    const { cancellation } = await eventually(async () => {
      const status = await statusOf(order);
      return status.cancellation && status;
    });
    expect(cancellation).toMatchObject({ via: 'signal', reason: 'by HTTP', effect: 'too-late' });

    const early = anOrder();
    const { externalSubscriptionId } = early;
    const then = { do: 'answer', when: 'before', status: 429, headers: { 'Retry-After': '5' } } as const;
    simulator.addFault({ call: 'find', externalSubscriptionId, then });
    await begin(early);
    await eventually(async () => (await statusOf(early)).lastError);
    expect(await update(early, 'cancelPurchase', { reason: 'by HTTP' })).toMatchObject({
      status: 200,
      body: { outcome: { success: [{ effect: 'not-placed', phase: 'Cancelled' }] } },
    });
    expect(simulator.orders(externalSubscriptionId)).toEqual([]);
  });
});
