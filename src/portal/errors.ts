import { heldCodeOf, type HeldCode } from '../contract/names.js';

/** What is known about a failure beyond its message; nothing here is secret or personal. */
export interface PortalErrorDetails {
  /** The HTTP status of the portal's answer; absent when there was none. */
  readonly status?: number | undefined;
  /** Node's or undici's code of a fault on the way, such as `ECONNREFUSED`. */
  readonly code?: string | undefined;
  /** How long the portal asked us to wait (`Retry-After`), in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /**
   * The portal's own words: one line, at most 300 characters, with nothing of ours repeated in it. Of the
   * answer to a GET, its bare error code only. A note when the words had to be left out.
   */
  readonly portalMessage?: string | undefined;
}

/**
 * A call to the portal that failed. There is one class for each decision a caller makes; the message tells
 * an operator what happened at which call. It has no `cause`: undici's errors may hold sockets, headers and
 * raw bytes. What is of use in them is kept as {@link code}.
 */
export abstract class PortalError extends Error {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly portalMessage: string | undefined;

  constructor(message: string, details: PortalErrorDetails = {}) {
    super(message);
    this.name = new.target.name;
    this.status = details.status;
    this.code = details.code;
    this.retryAfterMs = details.retryAfterMs;
    this.portalMessage = details.portalMessage;
  }

  /** Why the call was held back by ourselves, not a byte of it being sent; `undefined` when it was not. */
  get held(): HeldCode | undefined {
    return heldCodeOf(this.code);
  }
}

/**
 * Thrown when the portal could not be reached or could not do its work, and surely took no order: the
 * connection failed, no token could be had, or a GET (which changes nothing) was lost. Decision: repeat.
 */
export class PortalUnavailableError extends PortalError {}

/** Thrown when the portal answered 429: it took nothing. Decision: repeat after {@link retryAfterMs}. */
export class PortalThrottledError extends PortalError {}

/**
 * Thrown when an order was sent, or may have been sent, and whether the portal took it is not known.
 * Decision: look with a GET; never repeat blindly.
 */
export class PortalOutcomeUnknownError extends PortalError {}

/**
 * Thrown when the portal refused the order with a 4xx.
 * Decision: look first if the status is in `MAY_MEAN_EXISTS`, else a person corrects the order.
 */
export class PortalRefusedError extends PortalError {
  override readonly status: number;

  constructor(message: string, details: PortalErrorDetails & { readonly status: number }) {
    super(message, details);
    this.status = details.status;
  }
}

/** Thrown when the portal answered 403. Decision: a person asks GitLab to permit the trading partner. */
export class PortalNotPermittedError extends PortalError {}

/** Why the portal does not accept who we are. */
export type UnauthorizedReason =
  /** The portal does not know the client ID, or the secret is wrong. */
  | 'invalid_client'
  /** The portal does not grant the scope. */
  | 'invalid_scope'
  /** The portal refused a token that it had just granted. */
  | 'token_refused'
  /** We have no client ID and secret for the trading partner. */
  | 'no_credentials';

/** Thrown when the portal does not accept our credentials or a token. Decision: a person corrects them. */
export class PortalUnauthorizedError extends PortalError {
  readonly reason: UnauthorizedReason;

  constructor(reason: UnauthorizedReason, message: string, details?: PortalErrorDetails) {
    super(message, details);
    this.reason = reason;
  }
}

/**
 * Thrown when the answer to a GET or a token request is not one that the API has (a web page, a redirect,
 * JSON of another shape). Surely no order was placed by it. Decision: a person checks the portal's URL.
 */
export class PortalUnreadableError extends PortalError {}
