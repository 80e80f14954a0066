import { randomBytes } from 'node:crypto';
import type { Scope } from '../contract/names.js';
import type { SimulatorClient } from './options.js';

/** What a token stands for. */
export interface Grant {
  readonly client: SimulatorClient;
  /** One scope each: GitLab's page never says that a token may hold both. */
  readonly scope: Scope;
  /** Milliseconds of the simulator's clock. */
  readonly expiresAt: number;
}

/** RFC 6750 §2.1. */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/** The tokens that were issued. */
export class Tokens {
  readonly #grants = new Map<string, Grant>();
  readonly #issued: string[] = [];

  /** A new random token. */
  issue(grant: Grant): string {
    const token = randomBytes(32).toString('base64url');
    this.#grants.set(token, grant);
    this.#issued.push(token);
    return token;
  }

  /** What the token in an `Authorization` header stands for, if it is good now. */
  grantOf(authorization: string | undefined, now: number): Grant | undefined {
    const token = BEARER.exec(authorization ?? '')?.[1];
    const grant = token === undefined ? undefined : this.#grants.get(token);
    return grant !== undefined && now < grant.expiresAt ? grant : undefined;
  }

  /** Every token there ever was, the ones that are good no more included. */
  issued(): string[] {
    return [...this.#issued];
  }

  /** Every token that a client got so far is good no more. */
  revokeOf(clientId: string): void {
    for (const [token, { client }] of this.#grants) {
      if (client.clientId === clientId) this.#grants.delete(token);
    }
  }

  /** Every token issued so far is good no more. */
  revokeAll(): void {
    this.#grants.clear();
  }
}
