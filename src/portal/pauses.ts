import type { CallReport } from './traffic.js';

/** For a 429 that does not say for how long, in milliseconds. */
const UNSAID_MS = 5_000;

/** Trading partners come from whoever may start purchases: what is kept of them is bounded. */
const MOST_PARTNERS = 10_000;

/** Which trading partners the portal asked not to call, and until when: milliseconds of the caller's clock. */
export class Pauses {
  readonly #until = new Map<string, number>();

  /** Begins a pause, or makes it longer. Tells whether it did. */
  begin(tradingPartnerId: string, forMs: number, now: number): boolean {
    if (forMs <= this.leftMs(tradingPartnerId, now)) return false;
    this.#until.delete(tradingPartnerId);
    this.#until.set(tradingPartnerId, now + forMs);
    if (this.#until.size > MOST_PARTNERS) this.#forget(now);
    return true;
  }

  /** What is left of a partner's pause, in milliseconds; 0 without one. */
  leftMs(tradingPartnerId: string, now: number): number {
    const left = (this.#until.get(tradingPartnerId) ?? now) - now;
    if (left > 0) return left;
    this.#until.delete(tradingPartnerId);
    return 0;
  }

  /** The pauses that are not over. */
  list(now: number): { readonly tradingPartnerId: string; readonly leftMs: number }[] {
    return [...this.#until.keys()].flatMap((tradingPartnerId) => {
      const leftMs = this.leftMs(tradingPartnerId, now);
      return leftMs > 0 ? { tradingPartnerId, leftMs } : [];
    });
  }

  /** What is over goes; if that is nothing, the oldest. */
  #forget(now: number): void {
    this.list(now);
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= MOST_PARTNERS) return;
      this.#until.delete(oldest);
    }
  }
}

/** For how long an answer asks us not to call, in milliseconds; 0 when it does not. */
export function askedPauseMs({ status, retryAfterMs }: CallReport): number {
  if (status === 429) return retryAfterMs ?? UNSAID_MS;
  return status === 503 ? (retryAfterMs ?? 0) : 0;
}
