import type { Order, PurchaseInput, PurchaseOptions } from '../../src/contract/index.js';

let count = 0;

/** A good order of its own ID. */
export function anOrder(changes: Partial<Order> = {}): Order {
  count += 1;
  return {
    externalSubscriptionId: `EXT-${process.pid}-${count}`,
    tradingPartnerId: '0012300000AbCdE',
    customer: {
      companyName: 'Example GmbH',
      contact: { firstName: 'Ada', lastName: 'Lovelace', email: 'ada@example.com' },
      address: { country: 'DE' },
    },
    orderLines: [{ productId: '2c92a0ff', quantity: 10 }],
    ...changes,
  };
}

/** Waits short enough for a test that lives in real time. */
export const QUICK: PurchaseOptions = {
  polling: { initialInterval: '100ms', maximumInterval: '500ms', deadline: '10m' },
  settling: { initialInterval: '100ms', maximumInterval: '300ms', window: '1s' },
};

export function anInput(order: Order = anOrder(), options: PurchaseOptions = QUICK): PurchaseInput {
  return { order, options };
}
