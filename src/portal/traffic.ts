import type { HeldCode, Scope } from '../contract/names.js';

/** What a call is for. */
export type CallKind = 'token' | 'place' | 'find';

/** A call to the portal, for those who pace calls or count them. */
export interface CallInfo {
  readonly tradingPartnerId: string;
  /** Whom the portal takes the caller for: partners may share a client. */
  readonly clientId: string;
  readonly kind: CallKind;
  /** What a token is asked for. */
  readonly scope?: Scope;
}

/** Why a call was not made now. Not a byte of it was sent. */
export interface Held {
  readonly code: HeldCode;
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
  /** From when it might be made to the end of its answer, connecting included, in milliseconds; absent when not a byte was sent. */
  readonly durationMs?: number;
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
  /** Until when (ISO 8601) the portal asked to pause, and whom: the partner stands for all that share its client. */
  readonly paused: readonly { readonly tradingPartnerId: string; readonly until: string }[];
}
