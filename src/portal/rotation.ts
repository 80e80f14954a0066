import { PortalUnauthorizedError, PortalUnavailableError } from './errors.js';

/** Whose credentials a token was asked for with. */
export interface TokenClient {
  readonly tradingPartnerId: string;
  readonly clientId: string;
}

/** How long a refusal may come from a rotation that is under way, in milliseconds from the first one. */
const ROTATION_MS = 600_000;

/** When it is asked again meanwhile, in milliseconds. */
const AGAIN_MS = 5_000;

/**
 * Tells credentials that are being rotated from wrong ones. Nobody changes them here and at the portal in the same
 * moment: for a while the portal refuses the new ones, or no longer takes the old. So a refusal right after the
 * portal has taken credentials of the same client or trading partner is no reason to ask for a person yet.
 */
export class Rotation {
  readonly #now: () => number;
  readonly #limit: number;
  /** Clients and trading partners that this process got a token for. */
  readonly #granted = new Set<string>();
  /** Since when a client's credentials are refused, in milliseconds since the epoch: whoever of its partners asks. */
  readonly #refusedSince = new Map<string, number>();

  /** @param limit how many clients and trading partners are remembered; the oldest go first. */
  constructor(now: () => number, limit = 10_000) {
    this.#now = now;
    this.#limit = limit;
  }

  /**
   * Watches what came of a token request.
   *
   * @throws PortalUnavailableError instead of a refusal that may come from a rotation.
   */
  watch<T>(client: TokenClient, judge: () => T): T {
    try {
      const token = judge();
      this.#taken(client);
      return token;
    } catch (error) {
      const isRefusal = error instanceof PortalUnauthorizedError && error.reason === 'invalid_client';
      throw isRefusal && this.#mayPass(client) ? rotating(error) : error;
    }
  }

  #taken(client: TokenClient): void {
    this.#refusedSince.delete(client.clientId);
    for (const name of namesOf(client)) {
      // Anew, so that the oldest come first.
      this.#granted.delete(name);
      this.#granted.add(name);
    }
    prune(this.#granted, this.#limit);
  }

  #mayPass(client: TokenClient): boolean {
    if (!namesOf(client).some((name) => this.#granted.has(name))) return false;
    const now = this.#now();
    const since = this.#refusedSince.get(client.clientId) ?? now;
    this.#refusedSince.set(client.clientId, since);
    prune(this.#refusedSince, this.#limit);
    return now - since < ROTATION_MS;
  }
}

function namesOf({ tradingPartnerId, clientId }: TokenClient): string[] {
  return [`partner ${tradingPartnerId}`, `client ${clientId}`];
}

function prune(
  names: { readonly size: number; keys(): Iterable<string>; delete(name: string): boolean },
  limit: number,
): void {
  for (const oldest of names.keys()) {
    if (names.size <= limit) return;
    names.delete(oldest);
  }
}

function rotating({ message, status, portalMessage }: PortalUnauthorizedError): PortalUnavailableError {
  const next =
    'The portal took credentials of this client before: if they are being rotated, put the new ones in place, here and at the portal';
  return new PortalUnavailableError(`${message} ${next}`, { status, portalMessage, retryAfterMs: AGAIN_MS });
}
