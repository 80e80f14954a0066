import { randomUUID } from 'node:crypto';
import { Worker } from '@temporalio/worker';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createActivities } from '../../activities/index.js';
import { PurchaseClient } from '../../src/client/index.js';
import { fairnessKeyOf } from '../../src/contract/fairness.js';
import { purchaseWorkflowId, WORKFLOW_TYPE } from '../../src/contract/index.js';
import { PortalClient } from '../../src/portal/index.js';
import { DEMO_CLIENT, startSimulator, type Simulator } from '../../src/simulator/index.js';
import { workflowCode } from '../../src/worker/bundle.js';
import { eventually } from '../helpers/eventually.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';
import { startDevEnvironment } from '../helpers/temporal.js';
import { inParallel } from '../helpers/worker-load.js';

/** The flood, and how many orders of the other partner are looked at in it. */
const FLOOD = 2_000;
const LOOKED_AT = 3;

/**
 * Activities that the only worker does at once. Partners take turns in each of a queue's four partitions: with fewer
 * slots, an order would wait for a slot to come by its partition.
 */
const SLOTS = 16;

/** What the portal takes for each call. An order is two: a look, and the POST. */
const CALL_MS = 2_000;

const taskQueue = `fairness-${randomUUID()}`;
let env: TestWorkflowEnvironment;
let simulator: Simulator;
let portal: PortalClient;
let worker: Worker;
let running: Promise<void>;

beforeAll(async () => {
  env = await startDevEnvironment();
  simulator = await startSimulator({
    faults: [{ call: 'any', times: 'always', then: { do: 'delay', when: 'before', ms: CALL_MS } }],
  });
  portal = new PortalClient({ url: simulator.url, credentials: () => DEMO_CLIENT });
  worker = await Worker.create({
    connection: env.nativeConnection,
    namespace: env.namespace ?? 'default',
    taskQueue,
    ...workflowCode(),
    activities: createActivities(portal),
    maxConcurrentActivityTaskExecutions: SLOTS,
    // What a worker has taken is no longer in the queue, where partners take turns.
    maxConcurrentWorkflowTaskExecutions: 4,
    maxConcurrentWorkflowTaskPolls: 4,
    shutdownGraceTime: '5s',
  });
  running = worker.run();
});

afterAll(async () => {
  worker.shutdown();
  await running;
  await portal.close();
  await simulator.close();
  await env.teardown();
});

/** A caller's way to start a purchase, without waiting. */
async function flood(): Promise<void> {
  const orders = Array.from({ length: FLOOD }, () => anOrder({ tradingPartnerId: 'FLOODING' }));
  await inParallel(orders, 10, async (order) =>
    env.client.workflow.start(WORKFLOW_TYPE, {
      workflowId: purchaseWorkflowId(order),
      taskQueue,
      args: [anInput(order, { polling: { initialInterval: '1h', maximumInterval: '1h' } })],
      priority: { fairnessKey: fairnessKeyOf(order.tradingPartnerId) },
    }),
  );
}

const placedByFlood = () =>
  simulator.orders().filter(({ tradingPartnerId }) => tradingPartnerId === 'FLOODING').length;

/**
 * Lets the other partner order, one after the other.
 *
 * @returns how long an order took, in units of what one takes in a slot: while a slot works on an order, each of the
 * others places one of the flood. So a machine that is busy with something else makes no difference.
 */
async function orderQuietly(): Promise<number> {
  const client = new PurchaseClient(env.client, { taskQueue });
  const took: number[] = [];
  for (let count = 0; count < LOOKED_AT; count += 1) {
    const before = placedByFlood();
    await client.purchase(anOrder({ tradingPartnerId: 'QUIET' }), { within: '5m', options: QUICK });
    took.push((placedByFlood() - before) / SLOTS);
  }
  return took.toSorted((a, b) => a - b)[Math.floor(LOOKED_AT / 2)] ?? Number.NaN;
}

it(`places an order within three times its time while another partner floods with ${FLOOD}`, async () => {
  await flood();
  await eventually(() => (placedByFlood() >= SLOTS ? true : undefined), 1_200);
  const before = placedByFlood();
  const took = await orderQuietly();
  // Alone it takes one unit.
  expect(took).toBeLessThanOrEqual(3);
  // The flood goes on, or nothing was shown.
  expect(placedByFlood()).toBeGreaterThan(before);
  expect(placedByFlood()).toBeLessThan(FLOOD / 2);
}, 600_000);
