import { isBrokenOffByUs } from './exchange.js';
import type { CallInfo, CallReport, TrafficReport } from './traffic.js';

export type CircuitState = TrafficReport['circuit'];

/** Calls in a row that found the portal away, before it counts as down. */
const MOST_FAILURES = 5;

/** The same while its calls come back little by little: what is broken for one partner does not stop all again. */
const MOST_FAILURES_RAMPING = 3;

/** While another client was answered within so many milliseconds, the failures of one count once. */
const LATELY_MS = 10_000;

/** Of so many clients it is remembered that they were answered, or failed. */
const MOST_CLIENTS = 100;

/** How long a portal that is down is left alone before it is asked again: doubles each time. In milliseconds. */
const FIRST_REST_MS = 5_000;
const LONGEST_REST_MS = 60_000;

/** Longer than any call takes: a probe of which nothing was heard is taken for lost. In milliseconds. */
const PROBE_LOST_MS = 120_000;

/** When it is back, it is called once a second at first, and twice as often each so many milliseconds. */
const DOUBLES_EVERY_MS = 3_000;

/** From here on, calls a second, a portal without a limit counts as recovered. */
const FULL_RATE = 64;

/**
 * Whether the portal is there. One that is down is not called, but by one call now and then, the probe. When that
 * is answered, the calls come back little by little. Times are milliseconds of the caller's clock.
 */
export class Circuit {
  readonly #random: () => number;
  readonly #onChange: (state: CircuitState) => void;
  #state: CircuitState = 'closed';
  readonly #failures = new Failures();
  #restMs = FIRST_REST_MS;
  /** From when on any client may make the probe; one that has not failed may at once. */
  #probeAt = 0;
  #probe: CallInfo | undefined;
  /** From when on a probe that is under way counts as lost. */
  #lostAt = 0;
  #rampsFrom = 0;
  /** Calls begun since it last opened: what older ones come to is no news. */
  #recent = new WeakSet<CallInfo>();

  constructor(random: () => number, onChange: (state: CircuitState) => void) {
    this.#random = random;
    this.#onChange = onChange;
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** For how long a call is not to be made, in milliseconds, differently each time; 0 when it may be. */
  holdsMs(call: CallInfo, now: number): number {
    if (this.#state === 'closed' || this.#state === 'ramping') return 0;
    // Never a POST of an order: a portal that is about to die would leave its outcome unknown.
    if (call.kind !== 'place' && this.#mayProbe(call, now)) return 0;
    const left = this.#state === 'open' ? Math.max(0, this.#probeAt - now) : 0;
    return left + (0.1 + this.#random()) * this.#restMs;
  }

  /** A call that is not held is being made. */
  begin(call: CallInfo, now: number): void {
    this.#recent.add(call);
    if (this.#state === 'closed' || this.#state === 'ramping') return;
    this.#probe = call;
    this.#lostAt = now + PROBE_LOST_MS;
    this.#become('probing');
  }

  #mayProbe(call: CallInfo, now: number): boolean {
    if (this.#state === 'probing') return now >= this.#lostAt;
    // It may be broken for the clients that failed alone: another one does not wait for them.
    return now >= this.#probeAt || !this.#failures.isBlamed(call);
  }

  /** Takes in what a call came to. */
  completed(call: CallInfo, report: CallReport, now: number): void {
    if (!this.#recent.delete(call)) return;
    const isProbe = call === this.#probe;
    if (this.#state === 'probing' && !isProbe) return;
    const found = foundOf(report);
    if (found === 'nothing') return isProbe ? this.#letOtherProbe(now) : undefined;
    if (found === 'away') return this.#countFailure(call, now);
    this.#failures.answered(call, now);
    if (isProbe) this.#ramp(now);
  }

  /** Calls a second that may be made now. @param own what may be made of them while all is well. */
  rate(own: number, now: number): number {
    if (this.#state !== 'ramping') return own;
    const ramped = 2 ** Math.floor((now - this.#rampsFrom) / DOUBLES_EVERY_MS);
    if (ramped < Math.min(own, FULL_RATE)) return ramped;
    this.#restMs = FIRST_REST_MS;
    this.#become('closed');
    return own;
  }

  #countFailure(call: CallInfo, now: number): void {
    const inARow = this.#failures.failed(call, now);
    if (this.#state === 'closed' && inARow < MOST_FAILURES) return;
    if (this.#state === 'ramping' && inARow < MOST_FAILURES_RAMPING) return;
    if (this.#state !== 'probing' || now >= this.#probeAt) this.#rest(now);
    this.#failures.forget();
    this.#probe = undefined;
    this.#recent = new WeakSet();
    this.#become('open');
  }

  #rest(now: number): void {
    if (this.#state !== 'closed') this.#restMs = Math.min(2 * this.#restMs, LONGEST_REST_MS);
    // Not all workers at once.
    this.#probeAt = now + this.#restMs * (0.9 + 0.2 * this.#random());
  }

  /** The probe was broken off by ourselves. */
  #letOtherProbe(now: number): void {
    this.#probe = undefined;
    this.#probeAt = now;
    this.#become('open');
  }

  #ramp(now: number): void {
    this.#probe = undefined;
    this.#rampsFrom = now;
    this.#become('ramping');
  }

  #become(state: CircuitState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#onChange(state);
  }
}

/** The failures in a row: none after any answer. What is broken for one client alone does not count as a portal that is down. */
class Failures {
  #count = 0;
  readonly #clients = new Set<string>();
  /** When a client was last answered that has not failed since; the oldest first. */
  readonly #answered = new Map<string, number>();

  answered({ clientId }: CallInfo, now: number): void {
    this.#count = 0;
    this.#clients.clear();
    this.#answered.delete(clientId);
    this.#answered.set(clientId, now);
    const [oldest] = this.#answered.keys();
    if (this.#answered.size > MOST_CLIENTS && oldest !== undefined) this.#answered.delete(oldest);
  }

  /** Adds one. Tells how many there are that count. */
  failed({ clientId }: CallInfo, now: number): number {
    this.#count += 1;
    if (this.#clients.size < MOST_CLIENTS) this.#clients.add(clientId);
    this.#answered.delete(clientId);
    const areOthersAnswered = [...this.#answered.values()].some((at) => now - at < LATELY_MS);
    return areOthersAnswered ? this.#clients.size : this.#count;
  }

  /** Whether a client failed since any was answered; where that are very many, all count as such. */
  isBlamed({ clientId }: CallInfo): boolean {
    return this.#clients.has(clientId) || this.#clients.size >= MOST_CLIENTS;
  }

  /** Begins to count anew. Who failed stays blamed until another call is answered. */
  forget(): void {
    this.#count = 0;
    this.#answered.clear();
  }
}

/** What a call found: a portal that is there, whatever it thinks of the call, or none; or it found out nothing. */
function foundOf({ status, code }: CallReport): 'there' | 'away' | 'nothing' {
  if (status !== undefined) return status >= 500 || status === 408 ? 'away' : 'there';
  return isBrokenOffByUs(code) ? 'nothing' : 'away';
}
