import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Order } from '../../src/contract/index.js';
import { eventually } from '../helpers/eventually.js';
import { anOrder } from '../helpers/orders.js';
import type { WorkerProcess } from '../helpers/processes.js';
import { inParallel } from '../helpers/worker-load.js';
import { WorkerRig } from '../helpers/worker-rig.js';

/** Calls a second, of both workers together. */
const RATE = 10;
const PARTNERS = ['A', 'B', 'C'];

/** More than can be called for while it is measured. */
const PURCHASES = 300;

const MEASURED_MS = 18_000;

let rig: WorkerRig;
let workers: WorkerProcess[] = [];
let orders: Order[] = [];

beforeAll(async () => {
  rig = await WorkerRig.start();
  const start = () =>
    rig.startWorker({ MARKETPLACE_PORTAL_URL: rig.simulator.url, MARKETPLACE_PORTAL_RATE: String(RATE) });
  workers = await Promise.all([start(), start()]);
  orders = Array.from({ length: PURCHASES }, (_, index) => anOrder({ tradingPartnerId: partnerOf(index) }));
  await inParallel(orders, 20, (order) => rig.begin(order));
});
afterAll(async () => rig?.stop());

const partnerOf = (index: number) => PARTNERS[index % PARTNERS.length] ?? 'A';

/** When the portal was called, from a moment on. */
const callsSince = (from: number) => rig.simulator.journal.flatMap(({ at }) => (at >= from ? at : []));

function hasCounted(worker: WorkerProcess, count: number): boolean {
  return [...worker.stderr.matchAll(/"workers":(\d+)/g)].at(-1)?.[1] === String(count);
}

it('holds over two workers, to within 5 %, and no second has many more', async () => {
  await eventually(() => workers.every((worker) => hasCounted(worker, 2)) || undefined);
  const from = Date.now() + 1_000;
  await eventually(() => Date.now() > from + MEASURED_MS || undefined);
  const calls = callsSince(from).filter((at) => at < from + MEASURED_MS);
  const perSecond = calls.length / (MEASURED_MS / 1_000);
  const most = Math.max(
    ...calls.map((first) => calls.filter((at) => at >= first && at < first + 1_000).length),
  );
  console.info(`${perSecond.toFixed(2)} calls a second, at most ${most} in one, of ${RATE}`);
  expect(Math.abs(perSecond - RATE)).toBeLessThanOrEqual(0.05 * RATE);
  // As sent, there are never more than the rate (unit tests); here they are counted as they arrive, and a machine with
  // much to do delivers some late, together with the next ones.
  expect(most).toBeLessThanOrEqual(1.25 * RATE);
});

it('is taken over by the worker that is left, when one is killed', async () => {
  await workers[0]?.kill();
  const [, left] = workers;
  if (left === undefined) throw new Error('there is no other worker');
  await eventually(() => hasCounted(left, 1) || undefined);
  const from = Date.now();
  await eventually(() => Date.now() > from + 5_000 || undefined);
  const perSecond = callsSince(from).length / ((Date.now() - from) / 1_000);
  expect(perSecond).toBeGreaterThan(0.75 * RATE);
  expect(perSecond).toBeLessThanOrEqual(1.05 * RATE + 1);
});
