import type { CallInfo, CallReport } from './traffic.js';

/** For a 429 that does not say for how long, in milliseconds. */
const UNSAID_MS = 5_000;

/** Clients may come from whoever may start purchases: what is kept of them is bounded. */
const MOST_CLIENTS = 10_000;

interface Pause {
  /** In milliseconds of the caller's clock. */
  readonly until: number;
  /** Whose call was answered so. */
  readonly tradingPartnerId: string;
}

/** Which clients the portal asked not to call, and until when. */
export class Pauses {
  readonly #pauses = new Map<string, Pause>();

  /** Begins a pause, or makes it longer. Tells whether it did. */
  begin({ clientId, tradingPartnerId }: CallInfo, forMs: number, now: number): boolean {
    if (forMs <= this.leftMs(clientId, now)) return false;
    this.#pauses.delete(clientId);
    this.#pauses.set(clientId, { until: now + forMs, tradingPartnerId });
    if (this.#pauses.size > MOST_CLIENTS) this.#forget(now);
    return true;
  }

  /** What is left of a client's pause, in milliseconds; 0 without one. */
  leftMs(clientId: string, now: number): number {
    const left = (this.#pauses.get(clientId)?.until ?? now) - now;
    if (left > 0) return left;
    this.#pauses.delete(clientId);
    return 0;
  }

  /** The pauses that are not over. */
  list(now: number): { readonly tradingPartnerId: string; readonly leftMs: number }[] {
    return [...this.#pauses].flatMap(([clientId, { tradingPartnerId }]) => {
      const leftMs = this.leftMs(clientId, now);
      return leftMs > 0 ? { tradingPartnerId, leftMs } : [];
    });
  }

  /** What is over goes; if that is nothing, the oldest. */
  #forget(now: number): void {
    this.list(now);
    for (const oldest of this.#pauses.keys()) {
      if (this.#pauses.size <= MOST_CLIENTS) return;
      this.#pauses.delete(oldest);
    }
  }
}

/** For how long an answer asks us not to call, in milliseconds; 0 when it does not. */
export function askedPauseMs({ status, retryAfterMs }: CallReport): number {
  if (status === 429) return retryAfterMs ?? UNSAID_MS;
  return status === 503 ? (retryAfterMs ?? 0) : 0;
}
