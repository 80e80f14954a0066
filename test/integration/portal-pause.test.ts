import { afterAll, beforeAll, expect, it } from 'vitest';
import { anOrder } from '../helpers/orders.js';
import { inParallel } from '../helpers/worker-load.js';
import { WorkerRig } from '../helpers/worker-rig.js';

const PAUSE_MS = 8_000;

let rig: WorkerRig;

beforeAll(async () => {
  rig = await WorkerRig.start({ partners: ['A', 'B'] });
  await rig.startWorker({ MARKETPLACE_PORTAL_URL: rig.simulator.url });
});
afterAll(async () => rig?.stop());

it('a 429 with Retry-After stops all calls of that client for so long, and of no other', async () => {
  const throttled = anOrder({ tradingPartnerId: 'A' });
  rig.simulator.addFault({
    call: 'place',
    externalSubscriptionId: throttled.externalSubscriptionId,
    then: { do: 'answer', when: 'before', status: 429, headers: { 'Retry-After': String(PAUSE_MS / 1_000) } },
  });
  const byA = [throttled, ...Array.from({ length: 20 }, () => anOrder({ tradingPartnerId: 'A' }))];
  await rig.begin(throttled);
  await rig.until(throttled, ({ lastError }) => lastError?.type === 'RateLimited');
  const byB = Array.from({ length: 20 }, () => anOrder({ tradingPartnerId: 'B' }));
  await inParallel([...byA.slice(1), ...byB], 10, (order) => rig.begin(order));
  await inParallel(byB, 10, (order) => rig.purchases.waitForResult(order));
  const bEnded = Date.now();
  await inParallel(byA, 10, (order) => rig.purchases.waitForResult(order));

  const idsOfA = new Set(byA.map(({ externalSubscriptionId }) => externalSubscriptionId));
  const { journal } = rig.simulator;
  const refusedAt = journal.find(({ status }) => status === 429)?.at ?? 0;
  const isOfA = ({ externalSubscriptionId = '' }) => idsOfA.has(externalSubscriptionId);
  const early = journal.filter(
    (entry) => isOfA(entry) && entry.at > refusedAt && entry.at < refusedAt + PAUSE_MS,
  );
  expect(early).toEqual([]);
  expect(bEnded).toBeLessThan(journal.findLast(isOfA)?.at ?? 0);
  for (const { externalSubscriptionId } of [...byA, ...byB]) {
    expect(rig.simulator.orders(externalSubscriptionId)).toHaveLength(1);
  }
}, 180_000);
