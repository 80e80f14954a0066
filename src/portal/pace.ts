/**
 * How late a permit may be taken and still count as taken when it was due, as a part of the time between two.
 * Timers are late, and without this a busy worker would stay below its rate.
 */
const FORGIVEN = 0.9;

/** Longer than {@link Pace} looks back, in milliseconds. */
const REMEMBERED_MS = 2_000;

/**
 * Permits for calls, evenly spaced and without bursts: what was not used is lost. No second has more of them than the
 * rate; one that is no whole number is rounded up.
 */
export class Pace {
  /** When the last permit counts as taken, in milliseconds of the caller's clock. */
  #last = -Infinity;
  /** When the latest permits were taken, the oldest first; at least the last one. */
  readonly #taken: number[] = [];

  /** How long until the next permit, in milliseconds; 0 when there is one now. @param rate calls a second. */
  waitMs(now: number, rate: number): number {
    if (rate === 0) return Infinity;
    if (rate === Infinity) return 0;
    const inASecond = Math.ceil(rate);
    const nthLast = this.#taken.at(-inASecond) ?? -Infinity;
    return Math.max(0, this.#last + 1_000 / rate - now, nthLast + (1_000 * inASecond) / rate - now);
  }

  /** Takes the permit that is there now. */
  take(now: number, rate: number): void {
    const apart = 1_000 / rate;
    this.#last = Math.max(this.#last + apart, now - FORGIVEN * apart);
    if (rate === Infinity) return;
    this.#taken.push(now);
    while (this.#taken.length > 1 && now - (this.#taken[0] ?? now) > REMEMBERED_MS) this.#taken.shift();
  }
}
