import type { Scope } from '../contract/names.js';

/** What a call is for. */
export type CallKind = 'token' | 'place' | 'find';

/** A call to the portal, for those who pace calls or count them. */
export interface CallInfo {
  readonly tradingPartnerId: string;
  readonly kind: CallKind;
  /** What a token is asked for. */
  readonly scope?: Scope;
}

/** The codes of calls that were not made, see {@link Held}. */
export const HELD_CODES = ['PAUSED', 'CIRCUIT_OPEN', 'BUSY'] as const;

/** Why a call was not made now. Not a byte of it was sent. */
export interface Held {
  /** `PAUSED`: the portal asked for it (429, or 503 with `Retry-After`). `CIRCUIT_OPEN`: it is down. `BUSY`: too many wait. */
  readonly code: (typeof HELD_CODES)[number];
  /** When it may be tried again, in milliseconds. */
  readonly retryAfterMs: number;
  /** Whether it is our calls that are too many, rather than the portal that is away. */
  readonly throttled: boolean;
}

/** What came of a call, as far as pacing and counting need it. */
export interface CallReport {
  /** The HTTP status; absent when no answer came. */
  readonly status?: number;
  /** Node's or undici's code of a fault on the way, or a {@link Held.code}. */
  readonly code?: string;
  readonly retryAfterMs?: number;
  /** Between the first byte sent and the end of the answer, in milliseconds. */
  readonly durationMs: number;
}

/** Decides when calls may be made: one for all the calls of a process. */
export interface PortalTraffic {
  /**
   * Waits until a call may be made.
   *
   * @returns why it may not be made now; `undefined` when it may. A signal that is aborted ends the wait, and the
   * call will not be made.
   */
  admit(call: CallInfo, signal?: AbortSignal): Promise<Held | undefined>;
  /** Hears what came of a call that was admitted. */
  completed(call: CallInfo, report: CallReport): void;
}

/** What the traffic is doing now; nothing in it is secret. */
export interface TrafficReport {
  /** Calls a second: of all workers together, and of this one. Absent without a limit. */
  readonly rate?: { readonly fleet: number; readonly own: number; readonly workers: number };
  readonly circuit: 'closed' | 'open' | 'probing' | 'ramping';
  /** Calls that wait for their turn. */
  readonly waiting: number;
  /** Partners whose calls the portal asked to pause, and until when (ISO 8601). */
  readonly paused: readonly { readonly tradingPartnerId: string; readonly until: string }[];
}
