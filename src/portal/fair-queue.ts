/** What waits in the queue. */
export interface Queued {
  readonly tradingPartnerId: string;
  /**
   * Whether it goes before the partner's others: the POST of an order that was looked for already, or a token, for which
   * all partners of its client may wait.
   */
  readonly isUrgent: boolean;
}

interface Line<T> {
  readonly urgent: Set<T>;
  readonly others: Set<T>;
}

/** One from each trading partner in turn, so that a partner with many waits for itself alone. */
export class FairQueue<T extends Queued> {
  /** In the order in which it is their turn. */
  readonly #lines = new Map<string, Line<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(item: T): void {
    const line = this.#lines.get(item.tradingPartnerId) ?? { urgent: new Set(), others: new Set() };
    this.#lines.set(item.tradingPartnerId, line);
    setFor(line, item).add(item);
    this.#size += 1;
  }

  remove(item: T): void {
    const line = this.#lines.get(item.tradingPartnerId);
    if (line === undefined || !setFor(line, item).delete(item)) return;
    this.#size -= 1;
    if (sizeOf(line) === 0) this.#lines.delete(item.tradingPartnerId);
  }

  /** Takes the next one out. */
  shift(): T | undefined {
    const [partner, line] = this.#lines.entries().next().value ?? [];
    if (partner === undefined || line === undefined) return undefined;
    const [item] = line.urgent.size > 0 ? line.urgent : line.others;
    if (item === undefined) return undefined;
    // To the end, if it has more.
    this.#lines.delete(partner);
    this.#lines.set(partner, line);
    this.remove(item);
    return item;
  }

  /** How many go before one that would be added now. */
  ahead({ tradingPartnerId, isUrgent }: Queued): number {
    const own = this.#lines.get(tradingPartnerId);
    const before = own === undefined ? 0 : isUrgent ? own.urgent.size : sizeOf(own);
    const others = [...this.#lines.values()].filter((line) => line !== own);
    return others.reduce((sum, line) => sum + Math.min(sizeOf(line), before + 1), before);
  }

  /** All that wait, in no order that matters. */
  items(): T[] {
    return [...this.#lines.values()].flatMap(({ urgent, others }) => [...urgent, ...others]);
  }
}

function setFor<T extends Queued>(line: Line<T>, { isUrgent }: Queued): Set<T> {
  return isUrgent ? line.urgent : line.others;
}

function sizeOf({ urgent, others }: Line<unknown>): number {
  return urgent.size + others.size;
}
