import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SCOPES, type PurchaseOptions } from '../../src/contract/index.js';
import type { Fault } from '../../src/simulator/index.js';
import { eventually } from '../helpers/eventually.js';
import { anOrder } from '../helpers/orders.js';
import type { WorkerProcess } from '../helpers/processes.js';
import { countsOf, inParallel } from '../helpers/worker-load.js';
import { WorkerRig } from '../helpers/worker-rig.js';
import { endingOf, ONE_ORDER } from '../helpers/worker-truth.js';

const PURCHASES = 1_000;

/** How many orders the portal has when a worker is killed. */
const KILLED_AT = [PURCHASES / 4, PURCHASES / 2, (3 * PURCHASES) / 4];

/** The same draws in every run. */
const SEED = 1_855;

const soon = { 'Retry-After': '1' };

/** What may happen to an order's calls, once. */
const FAULTS = {
  'lost before': { call: 'place', then: { do: 'drop', when: 'before' } },
  'lost after': { call: 'place', then: { do: 'drop', when: 'after' } },
  '500 before': { call: 'place', then: { do: 'answer', when: 'before', status: 500 } },
  '500 after': { call: 'place', then: { do: 'answer', when: 'after', status: 500 } },
  '503 after': { call: 'place', then: { do: 'answer', when: 'after', status: 503, headers: soon } },
  '503 look': { call: 'find', then: { do: 'answer', when: 'before', status: 503, headers: soon } },
  '429': { call: 'place', then: { do: 'answer', when: 'before', status: 429, headers: soon } },
  '409 after': {
    call: 'place',
    then: { do: 'answer', when: 'after', status: 409, body: { error: 'taken' } },
  },
  lag: {
    call: 'place',
    then: [
      { do: 'hide', forMs: 3_000 },
      { do: 'drop', when: 'after' },
    ],
  },
  'web page after': { call: 'place', then: { do: 'answer', when: 'after', status: 200, body: '<html>' } },
  'web page look': { call: 'find', then: { do: 'answer', when: 'before', status: 200, body: '<html>' } },
  'revoked tokens': { call: 'place', then: { do: 'revoke', when: 'before' } },
  'slow before': { call: 'place', then: { do: 'delay', when: 'before', ms: 3_000 } },
  'slow after': { call: 'place', then: { do: 'delay', when: 'after', ms: 3_000 } },
} as const satisfies Record<string, Fault>;

type FaultKind = keyof typeof FAULTS;

const KINDS = Object.keys(FAULTS).filter((name): name is FaultKind => name in FAULTS);

const OPTIONS: PurchaseOptions = {
  polling: { initialInterval: '500ms', maximumInterval: '5s', deadline: '1d' },
  // Longer than the lag above: that is what the option is for.
  settling: { initialInterval: '500ms', maximumInterval: '5s', window: '10s' },
};

let rig: WorkerRig;
const workers: WorkerProcess[] = [];
let started = 0;

beforeAll(async () => {
  rig = await WorkerRig.start();
  await startWorker();
  await startWorker();
});
afterAll(async () => rig?.stop());

async function startWorker(): Promise<void> {
  started += 1;
  workers.push(await rig.startWorker({ MARKETPLACE_PORTAL_URL: rig.simulator.url }));
}

/** One order in twenty meets a fault. */
function drawFaults(): (FaultKind | undefined)[] {
  const kind = fc.oneof(
    { arbitrary: fc.constant(undefined), weight: 95 },
    { arbitrary: fc.constantFrom(...KINDS), weight: 5 },
  );
  return fc.sample(kind, { seed: SEED, numRuns: PURCHASES });
}

async function killWorkersOnTheWay(): Promise<void> {
  for (const orders of KILLED_AT) {
    await eventually(() => rig.simulator.orders().length >= orders || undefined, 6_000);
    await workers.shift()?.kill();
    await startWorker();
  }
}

it(`${PURCHASES} purchases, one in twenty with a fault, and three killed workers: one order each`, async () => {
  const drawn = drawFaults().map((kind) => ({ order: anOrder(), kind }));
  for (const { order, kind } of drawn) {
    if (kind !== undefined) {
      rig.simulator.addFault({ ...FAULTS[kind], externalSubscriptionId: order.externalSubscriptionId });
    }
  }
  const orders = drawn.map(({ order }) => order);
  await Promise.all([killWorkersOnTheWay(), inParallel(orders, 20, (order) => rig.begin(order, OPTIONS))]);

  const endings = await inParallel(orders, 20, async (order) => ({
    ...(await endingOf(rig, order)),
    id: order.externalSubscriptionId,
  }));
  expect(endings).toHaveLength(PURCHASES);
  for (const ending of endings) expect(ending).toMatchObject(ONE_ORDER);
  expect(rig.simulator.orders()).toHaveLength(PURCHASES);

  const { journal } = rig.simulator;
  const tokens = journal.filter(({ call }) => call === 'token').length;
  const unauthorized = journal.filter(({ status }) => status === 401).length;
  expect(tokens).toBeLessThanOrEqual(Object.keys(SCOPES).length * started + unauthorized);

  const kinds = countsOf(drawn.flatMap(({ kind }) => kind ?? []));
  const found = endings.filter(({ adopted }) => adopted).length;
  console.info(`${started} workers, ${found} orders found after doubt, faults: ${JSON.stringify(kinds)}`);
}, 900_000);
