import type { Scope } from '../contract/names.js';
import type { TokenClient } from './rotation.js';

/** An access token. It stays in this process's memory. */
export interface Token {
  readonly value: string;
  /** When it expires, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** From when on a new one is asked for, in milliseconds since the epoch; before {@link expiresAt}. */
  readonly refreshAt: number;
}

interface Entry {
  readonly promise: Promise<Token>;
  /** Set once the promise is fulfilled. */
  token?: Token;
}

/** The tokens of every client and scope; each is asked for once, however many callers need it. */
export class TokenCache {
  readonly #fetch: (client: TokenClient, scope: Scope) => Promise<Token>;
  readonly #now: () => number;
  readonly #limit: number;
  /** In the order in which they were asked for. */
  readonly #entries = new Map<string, Entry>();

  /** @param limit how many tokens are kept; the oldest goes first. */
  constructor(
    fetch: (client: TokenClient, scope: Scope) => Promise<Token>,
    now: () => number,
    limit = 1_000,
  ) {
    this.#fetch = fetch;
    this.#now = now;
    this.#limit = limit;
  }

  /**
   * The token that is kept, or a new one. The signal ends this caller's wait alone: others may wait for the
   * same token.
   */
  get(client: TokenClient, scope: Scope, signal?: AbortSignal): Promise<Token> {
    const key = keyOf(client, scope);
    const kept = this.#entries.get(key);
    const stale = kept?.token !== undefined && this.#now() >= kept.token.refreshAt;
    const { promise } = kept === undefined || stale ? this.#renew(key, client, scope) : kept;
    return abortable(promise, signal);
  }

  /** Forgets a token that the portal refused, unless another has taken its place: many callers hold the same one. */
  invalidate(client: TokenClient, scope: Scope, refused: Token): void {
    const key = keyOf(client, scope);
    if (this.#entries.get(key)?.token === refused) this.#entries.delete(key);
  }

  #renew(key: string, client: TokenClient, scope: Scope): Entry {
    const entry: Entry = { promise: this.#fetch(client, scope) };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    // Handles a failure too, so that one which no caller waits for any more does not end the process.
    void this.#keep(key, entry);
    this.#evict();
    return entry;
  }

  async #keep(key: string, entry: Entry): Promise<void> {
    try {
      entry.token = await entry.promise;
    } catch {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    }
  }

  #evict(): void {
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limit) return;
      this.#entries.delete(oldest);
    }
  }
}

/** A scope has no space, so no two pairs share a key. */
function keyOf({ clientId }: TokenClient, scope: Scope): string {
  return `${scope} ${clientId}`;
}

/** The promise, or the signal's reason if that comes first. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
