import { PurchaseCancelledError } from '../../src/client/index.js';
import type { PurchaseIds, PurchaseResult } from '../../src/contract/index.js';
import type { WorkerRig } from './worker-rig.js';

/** How a purchase ended, as both Temporal and the portal know it. */
export interface Ending {
  /** Temporal's word for it. */
  readonly runStatus: string;
  /** Whether the number that the purchase ended with is the portal's; without an order, whether it has none. */
  readonly saysPortalsNumber: boolean;
  /** Orders that the portal has. */
  readonly orders: number;
  /** Orders that were sent to it. */
  readonly posts: number;
  /** Orders that were sent again before the portal was asked for the first. */
  readonly blindPosts: number;
  /** Whether its worker was missed, and the order found afterwards. */
  readonly adopted: boolean;
}

/** As every purchase is to end that nobody cancels. */
export const ONE_ORDER = {
  runStatus: 'COMPLETED',
  saysPortalsNumber: true,
  orders: 1,
  blindPosts: 0,
} as const satisfies Partial<Ending>;

/** As one is to end whose order the portal had taken when its worker was lost. */
export const ADOPTED = { ...ONE_ORDER, posts: 1, adopted: true } as const satisfies Ending;

/** As one is to end that was cancelled in time. */
export const NOT_PLACED = { runStatus: 'CANCELLED', saysPortalsNumber: true, orders: 0 } as const;

/** What is looked at to tell how a purchase ended. */
type Watched = Pick<WorkerRig, 'handle' | 'purchases' | 'simulator' | 'until'>;

/** Waits for the end of a purchase. */
export async function endingOf(rig: Watched, ids: PurchaseIds): Promise<Ending> {
  const ended = await endedWith(rig, ids);
  const orders = rig.simulator.orders(ids.externalSubscriptionId);
  const { timeline } = await rig.until(ids, () => true);
  const events = new Set(timeline.map(({ event }) => event));
  return {
    runStatus: (await rig.handle(ids).describe()).status.name,
    saysPortalsNumber: ended.subscriptionNumber === orders[0]?.subscriptionNumber,
    orders: orders.length,
    ...sendingOf(rig, ids),
    adopted: events.has('OutcomeUnknown') && events.has('OrderFound'),
  };
}

async function endedWith(
  rig: Watched,
  { externalSubscriptionId, tradingPartnerId }: PurchaseIds,
): Promise<PurchaseResult | PurchaseCancelledError> {
  try {
    return await rig.purchases.waitForResult({ externalSubscriptionId, tradingPartnerId });
  } catch (error) {
    if (error instanceof PurchaseCancelledError) return error;
    throw error;
  }
}

/** A POST that was answered 401 took nothing, and is sent again at once. */
function sendingOf(
  rig: Watched,
  { externalSubscriptionId }: PurchaseIds,
): Pick<Ending, 'posts' | 'blindPosts'> {
  const calls = rig.simulator.journal.filter(
    (entry) => entry.externalSubscriptionId === externalSubscriptionId && entry.status !== 401,
  );
  return {
    posts: calls.filter(({ call }) => call === 'place').length,
    blindPosts: calls.filter(({ call }, index) => call === 'place' && calls[index - 1]?.call === 'place')
      .length,
  };
}
