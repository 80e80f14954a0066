import type { Credentials } from '../portal/index.js';

export { CredentialsFileError } from './last-good.js';
export { partnersFromFile } from './from-file.js';
export { sameForAll, sameForAllFrom } from './same-for-all.js';

/** Who may order through this worker, and with which credentials. */
export interface Partners {
  /**
   * The credentials of a trading partner as they are now; `undefined` if there are none. Files are read anew, and
   * while they cannot be used, what they said before counts.
   *
   * @throws PortalUnavailableError when they cannot be read now and were never read before.
   */
  readonly credentialsOf: (tradingPartnerId: string) => Credentials | undefined;
  /**
   * The client ID of a trading partner as it is now; `undefined` if it has none. Cheap enough for each call.
   *
   * @throws PortalUnavailableError like {@link credentialsOf}.
   */
  readonly clientIdOf: (tradingPartnerId: string) => string | undefined;
  /** The trading partners that have credentials of their own, as last read; `undefined` when all share a pair. */
  readonly named: () => readonly string[] | undefined;
  /** What is wrong with the files as they are now, in words without a secret; `undefined` when nothing is. */
  readonly problem: () => string | undefined;
}
