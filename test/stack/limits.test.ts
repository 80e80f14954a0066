import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Order } from '../../src/contract/index.js';
import { anOrder } from '../helpers/orders.js';
import { countsOf, inParallel } from '../helpers/worker-load.js';
import { note, StackRig } from './rig.js';

/** Calls a second to the portal, both workers together. */
const RATE = 10;

const FLOOD = 400;

/** How much of a flood is looked at, in milliseconds: past its beginning, and before its end. */
const SETTLED_MS = 5_000;
const MEASURED_MS = 30_000;

let rig: StackRig;

beforeAll(async () => {
  rig = await StackRig.start({ workerEnv: { MARKETPLACE_PORTAL_RATE: String(RATE) } });
});
afterAll(async () => rig?.stop());

describe('one partner floods two workers, and another one buys', () => {
  const flood = Array.from({ length: FLOOD }, () => anOrder({ tradingPartnerId: '0018800000FlOoD' }));
  const other = anOrder({ tradingPartnerId: '0017700000OtHeR' });
  let begun = 0;

  beforeAll(async () => {
    await rig.begin(anOrder());
    await inParallel(flood, 20, (order) => rig.begin(order));
    begun = Date.now();
    await rig.begin(other);
    for (const order of [other, ...flood]) await rig.purchases.waitForResult(order);
  }, 600_000);

  it('calls the portal at the rate of the whole fleet', () => {
    const from = begun + SETTLED_MS;
    const calls = rig.simulator.journal.filter(({ at }) => at >= from && at < from + MEASURED_MS);
    const rate = calls.length / (MEASURED_MS / 1_000);
    note(`${rate.toFixed(2)} calls a second from two workers, for a rate of ${RATE}`);
    expect(Math.abs(rate - RATE)).toBeLessThanOrEqual(0.05 * RATE);
  });

  it("places the other partner's order ahead of the flood", () => {
    const left = flood.filter((order) => placedAt(order) >= begun);
    const before = left.filter((order) => placedAt(order) < placedAt(other));
    note(
      `${before.length} of ${left.length} orders that one partner had waiting went before another partner's`,
    );
    expect(left.length).toBeGreaterThan(FLOOD / 4);
    expect(before.length).toBeLessThan(left.length / 2);
  });

  it('has each provisioned with one order', () => {
    const orders = [other, ...flood].map(({ externalSubscriptionId: id }) => rig.simulator.orders(id).length);
    expect(countsOf(orders.map(String))).toEqual({ 1: FLOOD + 1 });
  });
});

function placedAt({ externalSubscriptionId }: Order): number {
  const placed = rig.simulator.journal.find(
    (entry) => entry.externalSubscriptionId === externalSubscriptionId && entry.committed === true,
  );
  if (placed === undefined) throw new Error(`${externalSubscriptionId} was not placed`);
  return placed.at;
}
