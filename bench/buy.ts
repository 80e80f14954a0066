import { setTimeout as pause } from 'node:timers/promises';
import {
  NoWorkerError,
  PurchaseError,
  PurchasePendingError,
  type PurchaseClient,
} from '../src/client/index.js';
import type { Order, PurchaseOptions } from '../src/contract/index.js';
import type { Simulator } from '../src/simulator/index.js';

/** One poll a second after the order finds it provisioned: a purchase has all its steps, and few waits. */
const OPTIONS: PurchaseOptions = {
  polling: { initialInterval: '1s', maximumInterval: '5s', deadline: '1d' },
};

/** Longer than any queue that a bench makes, as a duration. */
const PATIENCE = '10m';

/** What to buy, and how. */
export interface Load {
  readonly purchases: PurchaseClient;
  readonly simulator: Simulator;
  /** What the IDs begin with: one of its own for each load. */
  readonly name: string;
  readonly count: number;
  /** How many purchases go on at once. */
  readonly width: number;
  /** Begins no more once it is aborted. */
  readonly signal?: AbortSignal;
  /** Told after each one how many are done. */
  readonly onDone?: (done: number) => void;
}

/** How long one purchase took, in milliseconds. */
export interface Taken {
  /** Until the caller had the subscription number. */
  readonly numberMs: number;
  /** Until it was provisioned. */
  readonly wholeMs: number;
}

/**
 * Buys so many, as a partner's backend does.
 *
 * @throws Error for the first purchase that fails or has not one order.
 */
export async function buyAll({ count, width, signal, onDone, ...scene }: Load): Promise<Taken[]> {
  const taken: Taken[] = [];
  let begun = 0;
  let isBroken = false;
  const goesOn = () => begun < count && !isBroken && signal?.aborted !== true;
  const buyer = async (): Promise<void> => {
    while (goesOn()) {
      begun += 1;
      try {
        taken.push(await buyOne(scene, anOrder(`${scene.name}-${begun}`)));
      } catch (error) {
        isBroken = true;
        throw error;
      }
      onDone?.(taken.length);
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: width }, buyer));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return taken;
}

/** How often a call is made again that did not reach Temporal or a worker, as on a machine with too much to do. */
const MOST_CALLS = 100;
const PAUSE_MS = 2_000;

/** As a backend should: to call again is safe, and finds the purchase that exists. */
async function calling<T>(call: () => Promise<T>): Promise<T> {
  for (let calls = 1; ; calls += 1) {
    try {
      return await call();
    } catch (error) {
      const isFinal = error instanceof PurchaseError && !(error instanceof NoWorkerError);
      if (isFinal || calls === MOST_CALLS) throw error;
      console.warn(`called again, after: ${String(error)}`);
      await pause(PAUSE_MS);
    }
  }
}

/** The number, as soon as the order exists; `undefined` when that took too long for a caller: it goes on. */
async function number(purchases: PurchaseClient, order: Order): Promise<string | undefined> {
  try {
    return (await purchases.purchase(order, { options: OPTIONS, within: PATIENCE })).subscriptionNumber;
  } catch (error) {
    if (error instanceof PurchasePendingError) return undefined;
    throw error;
  }
}

async function buyOne(
  { purchases, simulator }: Pick<Load, 'purchases' | 'simulator'>,
  order: Order,
): Promise<Taken> {
  const { externalSubscriptionId: id } = order;
  const startedAt = performance.now();
  const told = await calling(() => number(purchases, order));
  const numberMs = performance.now() - startedAt;
  const result = await calling(() => purchases.waitForResult(order));
  const wholeMs = performance.now() - startedAt;
  const [placed, ...others] = simulator.orders(id);
  if (placed === undefined || others.length > 0) throw new Error(`${id} has ${others.length + 1} orders`);
  if ((told ?? placed.subscriptionNumber) !== placed.subscriptionNumber)
    throw new Error(`${id} was told another number than the portal's`);
  if (result.subscriptionNumber !== placed.subscriptionNumber)
    throw new Error(`${id} ended with another number than the portal's`);
  return { numberMs, wholeMs };
}

function anOrder(externalSubscriptionId: string): Order {
  return {
    externalSubscriptionId,
    tradingPartnerId: '0012300000AbCdE',
    customer: {
      companyName: 'Example GmbH',
      contact: { firstName: 'Ada', lastName: 'Lovelace', email: 'ada@example.com' },
      address: { country: 'DE' },
    },
    orderLines: [{ productId: '2c92a0ff', quantity: 10 }],
  };
}
