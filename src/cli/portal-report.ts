import type { JournaledCall, PortalControl, TakenOrder } from './portal-control.js';

/** Calls that came one after the other with the same answer, such as polls. */
export interface CallGroup {
  readonly call: string;
  /** An HTTP status, `dropped` or `pending`. */
  readonly status: number | string;
  /** Whether it committed an order; only of calls that place one. */
  readonly committed?: boolean;
  /** What went wrong on purpose. */
  readonly fault?: string;
  readonly count: number;
  /** When the first and the last came, in milliseconds after the first call of the purchase. */
  readonly afterMs: number;
  readonly lastAfterMs: number;
}

/** What a simulator was asked about one order. */
export interface OrderStory {
  readonly externalSubscriptionId: string;
  readonly orders: readonly TakenOrder[];
  /** More than one order of the same ID: what must never happen. */
  readonly isDoubleOrder: boolean;
  /** ISO 8601; absent when it was never asked about. */
  readonly firstCallAt?: string;
  readonly calls: readonly CallGroup[];
}

/** The token calls of one scope. */
export interface TokenCalls {
  /** Absent where none was asked for. */
  readonly scope?: string;
  readonly calls: number;
  /** How often each status was answered. */
  readonly answers: Readonly<Record<string, number>>;
}

/** What a simulator was asked, and what came of it. */
export interface PortalReport {
  readonly url: string;
  readonly purchases: readonly OrderStory[];
  /** Absent when the report is about one order: a token is for none. */
  readonly tokens?: readonly TokenCalls[];
  readonly totals: {
    readonly calls: number;
    readonly faults: number;
    readonly orders: number;
    readonly doubleOrders: number;
  };
}

/** Asks a simulator for all it was asked, or all about one `externalSubscriptionId`. */
export async function portalReport(control: PortalControl, id?: string): Promise<PortalReport> {
  const isMeant = (of: { externalSubscriptionId?: string }): boolean =>
    id === undefined || of.externalSubscriptionId === id;
  // The orders first: each of them has its calls in the journal then.
  const orders = (await control.orders()).filter(isMeant);
  const calls = (await control.journal()).filter(isMeant);
  const purchases = purchasesOf(calls, orders);
  return {
    url: control.url,
    purchases,
    ...(id === undefined && { tokens: tokensOf(calls) }),
    totals: {
      calls: calls.length,
      faults: calls.filter(({ fault }) => fault !== undefined).length,
      orders: orders.length,
      doubleOrders: purchases.filter(({ isDoubleOrder }) => isDoubleOrder).length,
    },
  };
}

function purchasesOf(calls: readonly JournaledCall[], orders: readonly TakenOrder[]): OrderStory[] {
  const callsById = grouped(calls, ({ externalSubscriptionId }) => externalSubscriptionId);
  const ordersById = grouped(orders, ({ externalSubscriptionId }) => externalSubscriptionId);
  callsById.delete(undefined);
  return [...new Set([...callsById.keys(), ...ordersById.keys()])].map((id = '') =>
    storyOf(id, callsById.get(id) ?? [], ordersById.get(id) ?? []),
  );
}

function storyOf(id: string, calls: readonly JournaledCall[], orders: readonly TakenOrder[]): OrderStory {
  const [first] = calls;
  return {
    externalSubscriptionId: id,
    orders,
    isDoubleOrder: orders.length > 1,
    ...(first !== undefined && { firstCallAt: new Date(first.at).toISOString() }),
    calls: folded(calls, first?.at ?? 0),
  };
}

function folded(calls: readonly JournaledCall[], beginning: number): CallGroup[] {
  const groups: CallGroup[] = [];
  for (const { at, call, status, committed, fault } of calls) {
    const last = groups.at(-1);
    const afterMs = at - beginning;
    if (
      last?.call === call &&
      last.status === status &&
      last.committed === committed &&
      last.fault === fault
    ) {
      groups[groups.length - 1] = { ...last, count: last.count + 1, lastAfterMs: afterMs };
    } else {
      const known = { ...(committed !== undefined && { committed }), ...(fault !== undefined && { fault }) };
      groups.push({ call, status, ...known, count: 1, afterMs, lastAfterMs: afterMs });
    }
  }
  return groups;
}

function tokensOf(calls: readonly JournaledCall[]): TokenCalls[] {
  const byScope = grouped(
    calls.filter(({ call }) => call === 'token'),
    ({ scope }) => scope,
  );
  return [...byScope].map(([scope, asked]) => ({
    ...(scope !== undefined && { scope }),
    calls: asked.length,
    answers: Object.fromEntries(
      [...grouped(asked, ({ status }) => String(status))].map(([status, { length }]) => [status, length]),
    ),
  }));
}

function grouped<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
