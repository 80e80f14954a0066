import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PurchaseOptions } from '../../src/contract/index.js';
import { eventually } from '../helpers/eventually.js';
import { anOrder } from '../helpers/orders.js';
import type { WorkerProcess } from '../helpers/processes.js';
import { inParallel } from '../helpers/worker-load.js';
import { WorkerRig } from '../helpers/worker-rig.js';

const PURCHASES = 1_000;

/** Those whose order exists when the portal goes down. */
const PLACED = 200;

/** Calls a second, of both workers together. */
const RATE = 80;

/** For the hour that it once took: the first waits are of seconds, not of minutes. */
const OUTAGE_MS = 30_000;

const OPTIONS: PurchaseOptions = {
  polling: { initialInterval: '10s', maximumInterval: '20s', deadline: '1d' },
  settling: { initialInterval: '500ms', maximumInterval: '5s', window: '2s' },
};

let rig: WorkerRig;
let workers: WorkerProcess[] = [];

beforeAll(async () => {
  rig = await WorkerRig.start({ simulator: { progress: { creatingMs: 1_000, createdMs: 6_000 } } });
  const start = () =>
    rig.startWorker({ MARKETPLACE_PORTAL_URL: rig.simulator.url, MARKETPLACE_PORTAL_RATE: String(RATE) });
  workers = await Promise.all([start(), start()]);
});
afterAll(async () => rig?.stop());

const mostIn = (calls: readonly { readonly at: number }[]) =>
  Math.max(...calls.map((first) => calls.filter(({ at }) => at >= first.at && at < first.at + 1_000).length));

it(`${PURCHASES} purchases wait for a portal that is down, and none fails, is parked or storms it`, async () => {
  const orders = Array.from({ length: PURCHASES }, (_, index) =>
    anOrder({ tradingPartnerId: `TP-${index % 7}` }),
  );
  await inParallel(orders.slice(0, PLACED), 20, (order) => rig.begin(order, OPTIONS));
  await eventually(() => rig.simulator.orders().length === PLACED || undefined, 1_800);

  const downAt = Date.now();
  const upAt = downAt + OUTAGE_MS;
  rig.simulator.addFault({
    call: 'any',
    during: { forMs: OUTAGE_MS },
    then: { do: 'answer', when: 'before', status: 503 },
  });
  await inParallel(orders.slice(PLACED), 20, (order) => rig.begin(order, OPTIONS));
  await inParallel(orders, 40, (order) => rig.purchases.waitForResult(order));

  for (const { externalSubscriptionId } of orders) {
    expect(rig.simulator.orders(externalSubscriptionId)).toHaveLength(1);
  }
  const since = rig.simulator.journal.filter(({ at }) => at >= downAt);
  const backAt = since.find(({ at }) => at >= upAt)?.at ?? 0;
  const during = since.filter(({ status }) => status === 503);
  const after = since.filter(({ at }) => at >= backAt);
  const early = after.filter(({ at }) => at < backAt + 3_000).length;
  console.info(
    `${during.length} calls while it was down; called ${((backAt - upAt) / 1_000).toFixed(1)} s after it was back, ${early} calls in ` +
      `the first three seconds, at most ${mostIn(after)} in one, ${after.length} in all`,
  );
  // Each worker's first five, what was under way with them, and a probe now and then.
  expect(during.length).toBeLessThan(60);
  // They come back little by little: each worker begins with one a second.
  expect(early).toBeLessThan(RATE / 4);
  // As sent, never more than the rate (unit tests). As they arrive: a machine with much to do delivers some late, together
  // with the next ones.
  expect(mostIn(after)).toBeLessThanOrEqual(1.25 * RATE);
  for (const { stderr } of workers) {
    expect(stderr).toContain('The portal is down');
    expect(stderr).toContain('The portal is called as usual again');
  }
}, 900_000);
