/**
 * How late a permit may be taken and still count as taken when it was due, as a part of the time between two.
 * Timers are late, and without this a busy worker would stay below its rate. Below 1, so that one second never
 * has more than the rate and one call.
 */
const FORGIVEN = 0.9;

/** Permits for calls, evenly spaced and without bursts: what was not used is lost. */
export class Pace {
  /** When the last permit counts as taken, in milliseconds of the caller's clock. */
  #last = -Infinity;

  /** How long until the next permit, in milliseconds; 0 when there is one now. @param rate calls a second. */
  waitMs(now: number, rate: number): number {
    return rate === 0 ? Infinity : Math.max(0, this.#last + spacing(rate) - now);
  }

  /** Takes the permit that is there now. */
  take(now: number, rate: number): void {
    const apart = spacing(rate);
    this.#last = Number.isFinite(apart) ? Math.max(this.#last + apart, now - FORGIVEN * apart) : now;
  }
}

function spacing(rate: number): number {
  return 1_000 / rate;
}
