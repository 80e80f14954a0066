import { actsFor, type Settings, type SimulatorClient } from './options.js';
import type { RequiredFields } from './order-check.js';

/**
 * Product IDs that show other ends than `Provisioned`, for demonstrations: put one into any order line.
 */
export const MAGIC_PRODUCTS = {
  /** The portal refuses the order with 422 and a message. */
  refused: 'refuse-me',
  /** The order stays `Created`, as if the person who must act never did. */
  neverProvisioned: 'never-provisions',
  /** After `Creating` the status is `Failed`. */
  failing: 'fails',
} as const;

/** An order that the portal has committed. */
export interface SimulatedOrder {
  readonly externalSubscriptionId: string;
  readonly tradingPartnerId: string;
  /** Such as `A-S00012345`; counted up from there. */
  readonly subscriptionNumber: string;
  /** The JSON as it was received, fields unknown to the portal included. */
  readonly body: unknown;
  /** Milliseconds of the simulator's clock. */
  readonly createdAt: number;
  /** The status that was set by hand, if one was. */
  readonly statusOverride?: string;
}

interface StoredOrder extends Omit<SimulatedOrder, 'statusOverride'> {
  readonly products: readonly string[];
  /** Until then a GET does not find it: the lag of a replica. */
  hiddenUntil: number;
}

/** How an order gets into the book. */
interface Commit {
  readonly order: RequiredFields;
  readonly body: unknown;
  readonly now: number;
  readonly hideForMs: number;
}

const FIRST_NUMBER = 12_345;

/** The committed orders. Every method is synchronous, so that no two calls can come between each other. */
export class OrderBook {
  readonly #orders: StoredOrder[] = [];
  readonly #byId = new Map<string, StoredOrder[]>();
  readonly #overrides = new Map<string, string>();

  constructor(private readonly settings: Pick<Settings, 'creatingMs' | 'createdMs'>) {}

  /** Adds an order, a duplicate too: the caller decides whether it may be one. */
  commit({ order, body, now, hideForMs }: Commit): StoredOrder {
    const stored: StoredOrder = {
      externalSubscriptionId: order.externalSubscriptionId,
      tradingPartnerId: order.tradingPartnerId,
      subscriptionNumber: `A-S${String(FIRST_NUMBER + this.#orders.length).padStart(8, '0')}`,
      body,
      createdAt: now,
      products: order.orderLines.map(({ productId }) => productId),
      hiddenUntil: now + hideForMs,
    };
    this.#orders.push(stored);
    const others = this.#byId.get(stored.externalSubscriptionId);
    if (others === undefined) this.#byId.set(stored.externalSubscriptionId, [stored]);
    else others.push(stored);
    return stored;
  }

  /** Whether a client has an order of this ID already, hidden or not. */
  has(client: SimulatorClient, externalSubscriptionId: string): boolean {
    return this.#of(externalSubscriptionId).some((order) => actsFor(client, order.tradingPartnerId));
  }

  /** The oldest order of this ID that a client may see now. */
  find(client: SimulatorClient, externalSubscriptionId: string, now: number): StoredOrder | undefined {
    return this.#of(externalSubscriptionId).find(
      (order) => actsFor(client, order.tradingPartnerId) && order.hiddenUntil <= now,
    );
  }

  /** No GET finds the orders of this ID before `until`. */
  hide(externalSubscriptionId: string, until: number): void {
    for (const order of this.#of(externalSubscriptionId)) {
      order.hiddenUntil = Math.max(order.hiddenUntil, until);
    }
  }

  /** The status an order has at a time: the one set by hand, else how far it has come by itself. */
  statusOf(order: StoredOrder, now: number): string {
    return this.#overrides.get(order.externalSubscriptionId) ?? this.#progressOf(order, now);
  }

  /** Every order of this ID, a later one included, says this status from now on. */
  setStatus(externalSubscriptionId: string, status: string): void {
    this.#overrides.set(externalSubscriptionId, status);
  }

  /** All orders, or those of one ID, in the order of their numbers. */
  list(externalSubscriptionId?: string): SimulatedOrder[] {
    const orders = externalSubscriptionId === undefined ? this.#orders : this.#of(externalSubscriptionId);
    return orders.map(({ products: _products, hiddenUntil: _hiddenUntil, ...order }) => {
      const statusOverride = this.#overrides.get(order.externalSubscriptionId);
      return statusOverride === undefined ? order : { ...order, statusOverride };
    });
  }

  #of(externalSubscriptionId: string): readonly StoredOrder[] {
    return this.#byId.get(externalSubscriptionId) ?? [];
  }

  #progressOf({ createdAt, products }: StoredOrder, now: number): string {
    const { creatingMs, createdMs } = this.settings;
    const age = now - createdAt;
    if (age < creatingMs) return 'Creating';
    if (products.includes(MAGIC_PRODUCTS.failing)) return 'Failed';
    const waits = age < creatingMs + createdMs || products.includes(MAGIC_PRODUCTS.neverProvisioned);
    return waits ? 'Created' : 'Provisioned';
  }
}
