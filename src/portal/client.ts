import { Pool } from 'undici';
import { type PurchaseIds, type Scope, SCOPES } from '../contract/names.js';
import type { Order } from '../contract/order.js';
import { PortalError, PortalUnauthorizedError, PortalUnavailableError } from './errors.js';
import { type Call, codeOf, exchange, type PortalTimeouts } from './exchange.js';
import {
  answered,
  type FoundSubscription,
  judgeOrder,
  judgeSubscription,
  type Outcome,
  type PlacedOrder,
} from './judge.js';
import { parsePortalUrl, pathSegment, type PortalUrl } from './portal-url.js';
import { personalValuesIn } from './portal-words.js';
import { Rotation, type TokenClient } from './rotation.js';
import { type Token, TokenCache } from './token-cache.js';
import { type Credentials, judgeToken, tokenCall } from './token-endpoint.js';
import type { CallInfo, CallReport, PortalTraffic } from './traffic.js';

export interface PortalClientOptions {
  /** The portal's base URL; it may have a path prefix. https, or http to a loopback host. */
  readonly url: string;
  /**
   * The credentials of a trading partner, asked for before each token request; `undefined` if there are none. A
   * `PortalError` that it throws is thrown on; anything else counts as "cannot be read now".
   */
  readonly credentials: (
    tradingPartnerId: string,
  ) => Credentials | undefined | Promise<Credentials | undefined>;
  /**
   * The ID of the client that a trading partner's calls are made with, asked for before each call; `undefined` if it
   * has none. Partners of one client share its tokens, and pause together. @default each has a client of its own
   */
  readonly clientIdOf?: (tradingPartnerId: string) => string | undefined;
  /** How long each stage of a call may take. */
  readonly timeouts?: Partial<PortalTimeouts>;
  /** The present, in milliseconds since the epoch, by which tokens expire. @default Date.now */
  readonly now?: () => number;
  /** When calls may be made. @default at once, always */
  readonly traffic?: PortalTraffic;
  /** Hears of each call, also of one that was held back. @default nobody does */
  readonly onCall?: (call: CallInfo, report: CallReport) => void;
  /** More headers for a call that is about to be sent, such as `traceparent`. @default none */
  readonly extraHeaders?: (call: CallInfo) => Readonly<Record<string, string>>;
}

/** How an order may be given up. */
export interface PlacingOptions {
  /** Breaks it off at any time: then it may have been ordered. */
  readonly signal?: AbortSignal;
  /** Gives it up for as long as nothing was sent, such as while it waits for its turn; changes nothing later. */
  readonly abandon?: AbortSignal;
  /**
   * From when on it may not be sent any more, in milliseconds since the epoch, however long it waited for its turn or
   * the machine slept meanwhile.
   */
  readonly notAfter?: number;
}

/** A token that the portal has granted, without the token itself. */
export interface GrantedToken {
  readonly scope: Scope;
  readonly expiresAt: Date;
}

const DEFAULT_TIMEOUTS: PortalTimeouts = { connectMs: 10_000, headersMs: 60_000, bodyMs: 30_000 };

/** No answer of the API comes near this; what does is not the API's. In bytes. */
const LARGEST_ANSWER = 1_048_576;

/**
 * GitLab's Customers Portal, as the Marketplace API sees it. One client serves all the purchases of a
 * process: it shares connections and tokens. Every method but {@link close} throws a `PortalError`, or the
 * signal's reason when it was aborted while surely nothing had been ordered, or says what else it throws.
 */
export class PortalClient {
  readonly #url: PortalUrl;
  readonly #credentials: PortalClientOptions['credentials'];
  readonly #clientIdOf: PortalClientOptions['clientIdOf'];
  readonly #timeouts: PortalTimeouts;
  readonly #now: () => number;
  readonly #traffic: PortalTraffic | undefined;
  readonly #onCall: PortalClientOptions['onCall'];
  readonly #extraHeaders: PortalClientOptions['extraHeaders'];
  readonly #pool: Pool;
  readonly #tokens: TokenCache;
  readonly #rotation: Rotation;

  /** @throws TypeError when the URL is not one a portal could have. */
  constructor({ url, credentials, clientIdOf, timeouts, now = Date.now, ...hooks }: PortalClientOptions) {
    this.#url = parsePortalUrl(url);
    this.#credentials = credentials;
    this.#clientIdOf = clientIdOf;
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...timeouts };
    this.#now = now;
    this.#traffic = hooks.traffic;
    this.#onCall = hooks.onCall;
    this.#extraHeaders = hooks.extraHeaders;
    this.#rotation = new Rotation(now);
    this.#tokens = new TokenCache((client, scope) => this.#requestToken(client, scope), now);
    this.#pool = new Pool(this.#url.origin, {
      // Certificates are checked even where NODE_TLS_REJECT_UNAUTHORIZED says otherwise.
      connect: { timeout: this.#timeouts.connectMs, rejectUnauthorized: true },
      // The exchange limits these itself: undici's begin anew with each 1xx and each piece of a body.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: LARGEST_ANSWER,
    });
  }

  /** Makes sure of a token for the scope; one that is kept already will do. */
  async fetchToken(tradingPartnerId: string, scope: Scope, signal?: AbortSignal): Promise<GrantedToken> {
    const { expiresAt } = await this.#tokens.get(this.#clientOf(tradingPartnerId), scope, signal);
    return { scope, expiresAt: new Date(expiresAt) };
  }

  /**
   * Sends the order, unchanged and at most once: only a 401, with which the portal took nothing, is
   * answered with a new token and a second try.
   *
   * @throws RangeError or TypeError, before anything is sent, when the order cannot be written as JSON: it
   * is nested too deeply or contains itself. Validated orders are neither.
   */
  async placeOrder(order: Order, { signal, abandon, notAfter }: PlacingOptions = {}): Promise<PlacedOrder> {
    const call: Call = {
      name: 'POST subscriptions',
      method: 'POST',
      path: this.#url.subscriptionsPath,
      headers: { 'content-type': 'application/json' },
      // Before the token request and the first `await`: an error here surely means that nothing was sent.
      body: JSON.stringify(order),
      hidden: { secrets: [], personal: personalValuesIn(order) },
      notAfter,
      abandon,
    };
    const outcome = await this.#authorized(order.tradingPartnerId, SCOPES.create, call, signal);
    if (outcome.status === undefined && !outcome.sent) anyOf(signal, abandon)?.throwIfAborted();
    return judgeOrder(call, outcome);
  }

  /**
   * What the portal says about a subscription; `undefined` when it has none of that ID.
   *
   * @throws TypeError when the external subscription ID cannot be a part of a URL's path.
   */
  async findSubscription(ids: PurchaseIds, signal?: AbortSignal): Promise<FoundSubscription | undefined> {
    const id = pathSegment(ids.externalSubscriptionId);
    const call: Call = {
      name: `GET subscriptions/${id}`,
      method: 'GET',
      path: `${this.#url.subscriptionsPath}/${id}`,
      headers: {},
      // The answer is about a customer of whom we know no more than an ID.
      hidden: { secrets: [], personal: 'unknown' },
    };
    const outcome = await this.#authorized(ids.tradingPartnerId, SCOPES.read, call, signal);
    if (outcome.code !== undefined) signal?.throwIfAborted();
    return judgeSubscription(call, outcome);
  }

  /** Waits for the calls that are under way and closes the connections. */
  async close(): Promise<void> {
    await this.#pool.close();
  }

  async #authorized(
    tradingPartnerId: string,
    scope: Scope,
    call: Call,
    signal: AbortSignal | undefined,
  ): Promise<Outcome> {
    const client = this.#clientOf(tradingPartnerId);
    const info: CallInfo = { ...client, kind: call.method === 'POST' ? 'place' : 'find' };
    const waiting = anyOf(signal, call.abandon);
    const token = await this.#tokens.get(client, scope, waiting);
    const first = await this.#send(info, withToken(call, token), signal);
    if (first.status !== 401) return first;
    this.#tokens.invalidate(client, scope, token);
    const renewed = await this.#tokens.get(client, scope, waiting);
    const second = await this.#send(info, withToken(call, renewed), signal);
    if (second.status !== 401) return second;
    const message = `${answered(call, second)}. It refused a token that it had just granted.`;
    throw new PortalUnauthorizedError('token_refused', message, second);
  }

  async #requestToken(client: TokenClient, scope: Scope): Promise<Token> {
    const { tradingPartnerId } = client;
    const credentials = await this.#credentialsOf(tradingPartnerId);
    const { clientId } = credentials;
    // Kept under another client's name, the token would be taken for that client's.
    if (this.#clientIdOf !== undefined && clientId !== client.clientId) {
      const whose = `trading partner ${JSON.stringify(tradingPartnerId)}`;
      const code = 'CREDENTIALS_FILE';
      throw new PortalUnavailableError(`the credentials of ${whose} are just being changed`, { code });
    }
    const call = tokenCall(this.#url.tokenPath, credentials, scope);
    const requestedAt = this.#now();
    // No signal: the callers who wait for this token come and go.
    const outcome = await this.#send({ ...client, kind: 'token', scope }, call, undefined);
    return this.#rotation.watch({ tradingPartnerId, clientId }, () =>
      judgeToken(call, outcome, scope, requestedAt),
    );
  }

  #clientOf(tradingPartnerId: string): TokenClient {
    if (this.#clientIdOf === undefined) return { tradingPartnerId, clientId: tradingPartnerId };
    const clientId = this.#clientIdOf(tradingPartnerId);
    if (clientId === undefined) throw noCredentials(tradingPartnerId);
    return { tradingPartnerId, clientId };
  }

  async #credentialsOf(tradingPartnerId: string): Promise<Credentials> {
    const partner = `trading partner ${JSON.stringify(tradingPartnerId)}`;
    let credentials: Credentials | undefined;
    try {
      credentials = await this.#credentials(tradingPartnerId);
    } catch (error) {
      if (error instanceof PortalError) throw error;
      // The error itself could quote a secrets file; a file that is just being replaced is there again soon.
      const code = codeOf(error);
      throw new PortalUnavailableError(`the credentials of ${partner} could not be read (${code})`, { code });
    }
    if (credentials === undefined) throw noCredentials(tradingPartnerId);
    return credentials;
  }

  async #send(info: CallInfo, call: Call, signal: AbortSignal | undefined): Promise<Outcome> {
    const held = await this.#traffic?.admit(info, anyOf(signal, call.abandon));
    if (held !== undefined) {
      this.#onCall?.(info, held);
      return { sent: false, ...held };
    }
    const headers = { ...COMMON_HEADERS, ...this.#extraHeaders?.(info), ...call.headers };
    const startedAt = performance.now();
    const outcome = await exchange(this.#pool, { ...call, headers }, this.#timeouts, signal);
    const report = reportOf(outcome, performance.now() - startedAt);
    this.#traffic?.completed(info, report);
    this.#onCall?.(info, report);
    return outcome;
  }
}

function noCredentials(tradingPartnerId: string): PortalUnauthorizedError {
  const whose = `trading partner ${JSON.stringify(tradingPartnerId)}`;
  const next = 'Add it to the file that the workers have as MARKETPLACE_PARTNERS_FILE.';
  return new PortalUnauthorizedError('no_credentials', `there are no credentials for ${whose}. ${next}`);
}

/** Aborted as soon as one of them is. */
function anyOf(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}

function reportOf(outcome: Outcome, durationMs: number): CallReport {
  const { status, code, retryAfterMs } = outcome;
  const wasSent = outcome.status !== undefined || outcome.sent;
  return {
    ...(wasSent && { durationMs }),
    ...(status !== undefined && { status }),
    ...(code !== undefined && { code }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

const COMMON_HEADERS = {
  accept: 'application/json',
  // Nothing is decompressed here, so that a small answer cannot become a large one.
  'accept-encoding': 'identity',
  'user-agent': 'gitlab-marketplace-temporal',
} as const;

function withToken(call: Call, { value }: Token): Call {
  return {
    ...call,
    headers: { ...call.headers, authorization: `Bearer ${value}` },
    hidden: { ...call.hidden, secrets: [value] },
  };
}
