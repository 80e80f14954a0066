import { errors, type Dispatcher } from 'undici';
import { type Hidden, portalWords } from './portal-words.js';
import { retryAfterMs } from './retry-after.js';

/** How long each stage of a call may take as a whole, in milliseconds. */
export interface PortalTimeouts {
  /** To look up the host, connect and shake hands for TLS. @default 10_000 */
  readonly connectMs: number;
  /** From the first byte sent to the last header received. @default 60_000 */
  readonly headersMs: number;
  /** From the last header to the end of the body. @default 30_000 */
  readonly bodyMs: number;
}

/** One HTTP request. */
export interface Call {
  /** How an operator knows it: `POST subscriptions`. */
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What its answer may repeat and no error may show. */
  readonly hidden: Hidden;
  /** From when on it may not be sent any more, in milliseconds since the epoch. @default it always may */
  readonly notAfter?: number | undefined;
  /** Gives the call up, but only for as long as nothing of it was sent. @default nothing does */
  readonly abandon?: AbortSignal | undefined;
}

/** The portal's answer, as far as it came. */
export interface Answer {
  readonly status: number;
  /** The body; absent when it did not come as a whole. */
  readonly text?: string;
  /** Why there is no {@link text}: Node's or undici's code. */
  readonly code?: string;
  readonly retryAfterMs?: number | undefined;
  /** The portal's own words, if the status is an error's; safe to show. */
  readonly portalMessage?: string | undefined;
}

/** No answer came. */
export interface NoAnswer {
  readonly status?: undefined;
  /** `false` only when not one byte of the request was written. */
  readonly sent: boolean;
  /** Node's or undici's code of what went wrong, or why the call was held back. */
  readonly code: string;
  /** When a call that was held back may be tried again, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Whether it was held back because we call too often. */
  readonly throttled?: boolean;
}

/**
 * Does one call, once: no redirect is followed and nothing is retried. It always resolves; what came, or
 * did not come, is judged by the caller, who knows what the call was for.
 */
export function exchange(
  dispatcher: Dispatcher,
  call: Call,
  timeouts: PortalTimeouts,
  signal: AbortSignal | undefined,
): Promise<Answer | NoAnswer> {
  if (signal?.aborted || call.abandon?.aborted) {
    return Promise.resolve({ sent: false, code: ABORTED.code });
  }
  return new Promise((resolve) => {
    const handler = new ExchangeHandler(call, timeouts, signal, resolve);
    const { method, path, headers, body = null } = call;
    dispatcher.dispatch({ method, path, headers, body }, handler);
  });
}

const ABORTED = new errors.RequestAbortedError();

/** A call that may not be sent any more. */
class TooLate extends Error {
  readonly code = 'TOO_LATE';
}

/** Whether a code is of a call that we broke off ourselves, or did not send because it had waited for too long. */
export function isBrokenOffByUs(code: string | undefined): boolean {
  return code === ABORTED.code || code === 'TOO_LATE';
}

/**
 * undici's own handler interface rather than its `request()`, because it tells for certain whether a request
 * was written to a socket: `onRequestStart` comes right before. No list of error codes can.
 */
class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #call: Call;
  readonly #timeouts: PortalTimeouts;
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: (outcome: Answer | NoAnswer) => void;
  readonly #chunks: Buffer[] = [];
  readonly #onAbort = (): void => this.#stop(ABORTED);
  #timer: NodeJS.Timeout | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #head: Pick<Answer, 'status' | 'retryAfterMs'> | undefined;
  #settled = false;

  constructor(
    call: Call,
    timeouts: PortalTimeouts,
    signal: AbortSignal | undefined,
    resolve: (outcome: Answer | NoAnswer) => void,
  ) {
    this.#call = call;
    this.#timeouts = timeouts;
    this.#signal = signal;
    this.#resolve = resolve;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#limit(timeouts.connectMs, () => new errors.ConnectTimeoutError());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Given up while it was connecting, or about to be written again: aborted here, undici writes nothing.
    const isGivenUp = this.#settled || this.#call.abandon?.aborted === true;
    if (isGivenUp || this.#controller !== undefined) return controller.abort(ABORTED);
    // The clock, not a timer: those stand still while a machine is suspended.
    if (Date.now() > (this.#call.notAfter ?? Infinity)) return controller.abort(new TooLate());
    this.#controller = controller;
    this.#limit(this.#timeouts.headersMs, () => new errors.HeadersTimeoutError());
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // 1xx: the answer is still to come, within the same time.
    if (status < 200) return;
    const retryAfter = headers['retry-after'];
    this.#head = {
      status,
      retryAfterMs: retryAfterMs(Array.isArray(retryAfter) ? retryAfter[0] : retryAfter, Date.now()),
    };
    this.#limit(this.#timeouts.bodyMs, () => new errors.BodyTimeoutError());
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#head === undefined) return this.#settle({ sent: true, code: 'UND_ERR_SOCKET' });
    const text = new TextDecoder().decode(Buffer.concat(this.#chunks));
    const portalMessage = this.#head.status < 400 ? undefined : portalWords(text, this.#call.hidden);
    this.#settle({ ...this.#head, text, portalMessage });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const code = codeOf(error);
    const sent = this.#controller !== undefined;
    this.#settle(this.#head === undefined ? { sent, code } : { ...this.#head, code });
  }

  /** Begins the next stage, which ends with `error` unless it is over in time. */
  #limit(milliseconds: number, error: () => Error): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#stop(error()), milliseconds);
  }

  #stop(error: Error): void {
    if (this.#controller === undefined) this.#settle({ sent: false, code: codeOf(error) });
    else this.#controller.abort(error);
  }

  #settle(outcome: Answer | NoAnswer): void {
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#resolve(outcome);
  }
}

/** The code of an error, or its name: never its message, which may quote what was received. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
