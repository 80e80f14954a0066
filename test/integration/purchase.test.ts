import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statusQuery } from '../../workflows/messages.js';
import { anInput, anOrder } from '../helpers/orders.js';
import { Rig } from '../helpers/rig.js';
import { startDevEnvironment } from '../helpers/temporal.js';

describe('a purchase on a dev server', () => {
  let env: TestWorkflowEnvironment;
  let rig: Rig;
  beforeAll(async () => {
    env = await startDevEnvironment();
    rig = await Rig.start(env);
  });
  afterAll(async () => {
    await rig.stop();
    await env.teardown();
  });

  it('goes from order to Provisioned, with one order at the portal', async () => {
    const order = anOrder();
    const handle = await rig.begin(anInput(order));
    const result = await handle.result();
    expect(result).toMatchObject({
      outcome: 'Provisioned',
      externalSubscriptionId: order.externalSubscriptionId,
      tradingPartnerId: order.tradingPartnerId,
      subscriptionNumber: rig.simulator.orders(order.externalSubscriptionId)[0]?.subscriptionNumber,
    });
    expect(rig.ordersFor(order)).toBe(1);
    const status = await handle.query(statusQuery);
    expect(status.timeline.map(({ event }) => event)).toEqual([
      'Started',
      'TokenFetched',
      'OrderPlaced',
      'Polled',
      'Provisioned',
    ]);
  });
});
