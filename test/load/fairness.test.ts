import { afterAll, beforeAll, expect, it } from 'vitest';
import { fairnessKeyOf } from '../../src/contract/fairness.js';
import { purchaseWorkflowId, TASK_QUEUE, WORKFLOW_TYPE } from '../../src/contract/index.js';
import { eventually } from '../helpers/eventually.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';
import { inParallel } from '../helpers/worker-load.js';
import { WorkerRig } from '../helpers/worker-rig.js';

/** The flood, and how many orders of the other partner are looked at, alone and in it. */
const FLOOD = 2_000;
const LOOKED_AT = 5;

/** Calls a second. The worker has so many in two seconds at once. */
const RATE = 8;

/** What the portal takes for each call. An order is two: a look, and the POST. */
const CALL_MS = 2_000;

let rig: WorkerRig;

beforeAll(async () => {
  rig = await WorkerRig.start({
    simulator: {
      faults: [{ call: 'any', times: 'always', then: { do: 'delay', when: 'before', ms: CALL_MS } }],
    },
  });
  await rig.startWorker({ MARKETPLACE_PORTAL_URL: rig.simulator.url, MARKETPLACE_PORTAL_RATE: String(RATE) });
});
afterAll(async () => rig?.stop());

/** A caller's way to start a purchase, without waiting. */
async function flood(): Promise<void> {
  const orders = Array.from({ length: FLOOD }, () => anOrder({ tradingPartnerId: 'FLOODING' }));
  await inParallel(orders, 10, async (order) =>
    rig.client.workflow.start(WORKFLOW_TYPE, {
      workflowId: purchaseWorkflowId(order),
      taskQueue: TASK_QUEUE,
      args: [anInput(order, { polling: { initialInterval: '1h', maximumInterval: '1h' } })],
      priority: { fairnessKey: fairnessKeyOf(order.tradingPartnerId) },
    }),
  );
}

const placedByFlood = () =>
  rig.simulator.orders().filter(({ tradingPartnerId }) => tradingPartnerId === 'FLOODING').length;

/** Lets the other partner order, one after the other: how long an order took until it had its number. In milliseconds. */
async function orderQuietly(): Promise<number> {
  const took: number[] = [];
  for (let count = 0; count < LOOKED_AT; count += 1) {
    const begun = performance.now();
    await rig.purchases.purchase(anOrder({ tradingPartnerId: 'QUIET' }), { within: '5m', options: QUICK });
    took.push(performance.now() - begun);
  }
  return took.toSorted((a, b) => a - b)[Math.floor(LOOKED_AT / 2)] ?? Number.NaN;
}

it(`places an order within three times its time while another partner floods with ${FLOOD}`, async () => {
  const alone = await orderQuietly();
  await flood();
  await eventually(() => (placedByFlood() >= 2 * RATE ? true : undefined), 1_200);
  const before = placedByFlood();
  const inTheFlood = await orderQuietly();
  const after = placedByFlood();
  console.info(
    `alone ${(alone / 1_000).toFixed(1)} s, in the flood ${(inTheFlood / 1_000).toFixed(1)} s, ${after - before} of which it placed meanwhile`,
  );
  expect(inTheFlood).toBeLessThanOrEqual(3 * alone);
  // The flood goes on, or nothing was shown.
  expect(after).toBeGreaterThan(before);
  expect(after).toBeLessThan(FLOOD / 2);
}, 600_000);
