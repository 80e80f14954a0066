import type { Credentials } from '../portal/index.js';

/** Who may order through this worker, and with which credentials. */
export interface Partners {
  /** The credentials of a trading partner as they are now; `undefined` if there are none. */
  readonly credentialsOf: (tradingPartnerId: string) => Credentials | undefined;
  /** The trading partners that have credentials of their own, as they are now; `undefined` when all share a pair. */
  readonly named: () => readonly string[] | undefined;
}

/** One pair of credentials for every trading partner. */
export function sameForAll(credentials: Credentials): Partners {
  return { credentialsOf: () => credentials, named: () => undefined };
}
