import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { anOrder } from '../helpers/orders.js';
import { inParallel } from '../helpers/worker-load.js';
import { WorkerRig } from '../helpers/worker-rig.js';

const PAUSE_MS = 8_000;

let rig: WorkerRig;
let folder: string;

/** Each with a client of its own: it is a client that the portal asks to pause. */
const CLIENTS = ['A', 'B'].map((partner) => ({
  clientId: `client-of-${partner}`,
  clientSecret: 'secret',
  tradingPartnerIds: [partner],
}));

beforeAll(async () => {
  rig = await WorkerRig.start({ simulator: { clients: CLIENTS } });
  folder = await mkdtemp(join(tmpdir(), 'portal-pause-'));
  const file = join(folder, 'partners.json');
  const partners = CLIENTS.map(({ tradingPartnerIds: [id], ...client }) => [id, client]);
  await writeFile(file, JSON.stringify({ partners: Object.fromEntries(partners) }));
  await rig.startWorker({
    MARKETPLACE_PORTAL_URL: rig.simulator.url,
    MARKETPLACE_PARTNERS_FILE: file,
    MARKETPLACE_CLIENT_ID: '',
    MARKETPLACE_CLIENT_SECRET: '',
  });
});
afterAll(async () => {
  await rig?.stop();
  await rm(folder, { recursive: true, force: true });
});

it('a 429 with Retry-After stops all calls of that partner for so long, and of no other', async () => {
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
