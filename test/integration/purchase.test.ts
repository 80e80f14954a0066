import { describe, expect, it } from 'vitest';
import { statusQuery } from '../../workflows/messages.js';
import { anInput, anOrder } from '../helpers/orders.js';
import { useRig } from '../helpers/use-rig.js';
import { startDevEnvironment } from '../helpers/temporal.js';

describe('a purchase on a dev server', () => {
  const at = useRig(startDevEnvironment);

  it('goes from order to Provisioned, with one order at the portal', async () => {
    const order = anOrder();
    const handle = await at.rig.begin(anInput(order));
    const result = await handle.result();
    expect(result).toMatchObject({
      outcome: 'Provisioned',
      externalSubscriptionId: order.externalSubscriptionId,
      tradingPartnerId: order.tradingPartnerId,
      subscriptionNumber: at.rig.simulator.orders(order.externalSubscriptionId)[0]?.subscriptionNumber,
    });
    expect(at.rig.ordersFor(order)).toBe(1);
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
