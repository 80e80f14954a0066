import type { PurchaseIds } from '../src/contract/names.js';

/** The two IDs, empty where the input, which any caller may send, has none. */
export function idsIn(input: unknown): PurchaseIds {
  const order = fieldOf(input, 'order');
  return {
    tradingPartnerId: idOf(fieldOf(order, 'tradingPartnerId')),
    externalSubscriptionId: idOf(fieldOf(order, 'externalSubscriptionId')),
  };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** The order's schema, which comes later, tells what is wrong with it; too long a text would fit nowhere. */
function idOf(value: unknown): string {
  const isShort = typeof value === 'string' && value.length <= 200 && Array.from(value).length <= 100;
  return isShort ? value : '';
}
