import { Circuit, type CircuitState } from './circuit.js';
import { FairQueue, type Queued } from './fair-queue.js';
import { Pace } from './pace.js';
import { askedPauseMs, Pauses } from './pauses.js';
import type { CallInfo, CallReport, Held, PortalTraffic, TrafficReport } from './traffic.js';

/** What an operator is told when it happens. */
export type TrafficEvent =
  | { readonly type: 'circuit'; readonly state: CircuitState }
  | { readonly type: 'paused'; readonly tradingPartnerId: string; readonly forMs: number };

export interface PacedTrafficOptions {
  /** Calls a second, over all workers together. @default as many as there are */
  readonly rate?: number | undefined;
  /** How many workers share the rate; 0 while that is not known, and then no call is made. @default 1 */
  readonly workers?: number;
  /** Hears what an operator should know. @default nobody does */
  readonly onEvent?: (event: TrafficEvent) => void;
  /** A clock that never goes back, in milliseconds. @default performance.now */
  readonly now?: () => number;
  /** Between 0 and 1. @default Math.random */
  readonly random?: () => number;
}

interface Waiter extends Queued {
  readonly call: CallInfo;
  readonly since: number;
  readonly settle: (held: Held | undefined) => void;
}

/** What waits for longer goes back to Temporal, and comes again. In milliseconds. */
const LONGEST_WAIT_MS = 30_000;

/** Another worker takes it as soon as it is asked. */
const STOPPING: Held = { code: 'STOPPING', retryAfterMs: 1_000, throttled: false };

/** However fast they would be served. */
const MOST_WAITING = 10_000;

/** While calls wait, how often at least it is looked whether something changed, in milliseconds. */
const LOOK_MS = 1_000;

/**
 * Paces all the calls of a process: within its share of the rate, not for clients that the portal asked to pause,
 * and not to a portal that is down. Calls wait for their turn; what would wait for too long is held at once.
 */
export class PacedTraffic implements PortalTraffic {
  readonly #rate: number | undefined;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #onEvent: (event: TrafficEvent) => void;
  readonly #circuit: Circuit;
  readonly #pace = new Pace();
  readonly #pauses = new Pauses();
  readonly #waiting = new FairQueue<Waiter>();
  #workers: number;
  #timer: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor({ rate, workers = 1, onEvent, now, random }: PacedTrafficOptions = {}) {
    this.#rate = rate;
    this.#workers = workers;
    this.#now = now ?? (() => performance.now());
    this.#random = random ?? Math.random;
    this.#onEvent = onEvent ?? (() => undefined);
    this.#circuit = new Circuit(this.#random, (state) => this.#onEvent({ type: 'circuit', state }));
  }

  /** Shares the rate with so many workers from now on, this one counted; 0: it is not known. */
  setWorkers(workers: number): void {
    this.#workers = workers;
    this.#serve();
  }

  /**
   * The process ends soon: what waits for its turn is given back for another to make, nothing waits any more, and no
   * order is begun.
   */
  stop(): void {
    this.#isStopping = true;
    this.#refuse(this.#now());
  }

  admit(call: CallInfo, signal?: AbortSignal): Promise<Held | undefined> {
    const now = this.#now();
    const place = { tradingPartnerId: call.tradingPartnerId, isUrgent: call.kind !== 'find' };
    const held = this.#held(call, now) ?? this.#busy(place, now);
    if (held !== undefined || signal?.aborted) return Promise.resolve(held);
    return new Promise((resolve) => {
      const onAbort = (): void => {
        this.#waiting.remove(waiter);
        resolve(undefined);
      };
      const settle = (answer: Held | undefined): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve(answer);
      };
      const waiter: Waiter = { ...place, call, since: now, settle };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiter);
      this.#serve();
      if (this.#isStopping) this.#refuse(now);
    });
  }

  completed(call: CallInfo, report: CallReport): void {
    const now = this.#now();
    const forMs = askedPauseMs(report);
    if (forMs > 0 && this.#pauses.begin(call, forMs, now)) {
      this.#onEvent({ type: 'paused', tradingPartnerId: call.tradingPartnerId, forMs });
    }
    this.#circuit.completed(call, report, now);
    if (forMs > 0 || this.#circuit.state !== 'closed') this.#refuse(now);
    this.#serve();
  }

  /** What the traffic is doing now. */
  report(): TrafficReport {
    const now = this.#now();
    const own = this.#own;
    // Asked first: it ends a ramp whose time is over, though nobody called meanwhile.
    this.#circuit.rate(own, now);
    return {
      ...(this.#rate !== undefined && { rate: { fleet: this.#rate, own, workers: this.#workers } }),
      circuit: this.#circuit.state,
      waiting: this.#waiting.size,
      paused: this.#pauses.list(now).map(({ tradingPartnerId, leftMs }) => ({
        tradingPartnerId,
        until: new Date(Date.now() + leftMs).toISOString(),
      })),
    };
  }

  /** Calls a second that are this worker's share. */
  get #own(): number {
    if (this.#rate === undefined) return Infinity;
    return this.#workers === 0 ? 0 : this.#rate / this.#workers;
  }

  /** Lets those go whose turn it is, and sees to it that the next one's is not missed. */
  #serve(): void {
    clearTimeout(this.#timer);
    const now = this.#now();
    while (this.#waiting.size > 0) {
      const rate = this.#circuit.rate(this.#own, now);
      const waitMs = this.#pace.waitMs(now, rate);
      if (waitMs > 0) return this.#serveIn(Math.min(waitMs, LOOK_MS));
      const next = this.#waiting.shift();
      if (next !== undefined) this.#let(next, rate, now);
    }
  }

  #serveIn(waitMs: number): void {
    this.#timer = setTimeout(() => {
      this.#refuse(this.#now());
      this.#serve();
    }, Math.ceil(waitMs));
  }

  #let({ call, settle }: Waiter, rate: number, now: number): void {
    const held = this.#held(call, now);
    if (held !== undefined) return settle(held);
    this.#pace.take(now, rate);
    this.#circuit.begin(call, now);
    settle(undefined);
  }

  /** Sends away those that wait in vain, or have waited for too long. */
  #refuse(now: number): void {
    for (const waiter of this.#waiting.items()) {
      const isLate = now - waiter.since >= LONGEST_WAIT_MS;
      const inVain = this.#isStopping ? STOPPING : isLate ? this.#busyFor(LONGEST_WAIT_MS) : undefined;
      const held = this.#held(waiter.call, now) ?? inVain;
      if (held === undefined) continue;
      this.#waiting.remove(waiter);
      waiter.settle(held);
    }
  }

  #held(call: CallInfo, now: number): Held | undefined {
    // A POST may take longer than the process has left. All that came before it can be done again.
    if (this.#isStopping && call.kind === 'place') return STOPPING;
    const pausedMs = this.#pauses.leftMs(call.clientId, now);
    // Those that were stopped together are not to come back together.
    const spreadMs = this.#random() * Math.max(1_000, 0.1 * pausedMs);
    if (pausedMs > 0)
      return { code: 'PAUSED', retryAfterMs: Math.ceil(pausedMs + spreadMs), throttled: true };
    const openMs = this.#circuit.holdsMs(call, now);
    if (openMs > 0) return { code: 'CIRCUIT_OPEN', retryAfterMs: Math.ceil(openMs), throttled: false };
    return undefined;
  }

  #busy(place: Queued, now: number): Held | undefined {
    const rate = this.#circuit.rate(this.#own, now);
    // A worker that does not know its share yet will know soon.
    const expectedMs = rate === 0 ? 0 : (this.#waiting.ahead(place) / rate) * 1_000;
    const isFull = this.#waiting.size >= MOST_WAITING;
    return isFull || expectedMs > LONGEST_WAIT_MS ? this.#busyFor(expectedMs) : undefined;
  }

  #busyFor(expectedMs: number): Held {
    const base = Math.min(Math.max(expectedMs, 1_000), 2 * LONGEST_WAIT_MS);
    return { code: 'BUSY', retryAfterMs: Math.ceil(base * (0.5 + this.#random())), throttled: true };
  }
}
