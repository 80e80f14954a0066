/** The portal's three calls, as faults and the journal name them. */
export const PORTAL_CALLS = ['token', 'place', 'find'] as const;

export type PortalCall = (typeof PORTAL_CALLS)[number];

/** What a call is about. No secrets: no token, no client secret, nothing of the customer. */
export interface CallFacts {
  readonly externalSubscriptionId?: string;
  readonly tradingPartnerId?: string;
  /** The scope asked for, or the one of the token shown. */
  readonly scope?: string;
  /** The account that called, when it is a known one. */
  readonly clientId?: string;
}

/** One call, in the order of arrival. */
export interface JournalEntry extends CallFacts {
  /** When it arrived: milliseconds of the simulator's clock. */
  readonly at: number;
  readonly call: PortalCall | 'other';
  /**
   * What was answered, even if the caller had given up by then; `dropped` when the socket was destroyed
   * instead, or the caller hung up before its request was complete; `pending` until one of these. Of an
   * answer whose body was damaged it is the status that was sent; {@link fault} tells of the body.
   */
  readonly status: number | 'dropped' | 'pending';
  /** `place` only: whether this call committed an order, whatever was answered. */
  readonly committed?: boolean;
  /** The caller's trace (W3C Trace Context), if it told of one. */
  readonly traceparent?: string;
  /** The fault that was used on it, in words. */
  readonly fault?: string;
}

/** An entry whose call is still under way. */
export type OpenEntry = { -readonly [Field in keyof JournalEntry]: JournalEntry[Field] };
