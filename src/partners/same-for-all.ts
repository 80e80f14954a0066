import type { Credentials } from '../portal/index.js';
import type { Partners } from './index.js';
import { LastGood, problemOf } from './last-good.js';

/** One pair of credentials for every trading partner. */
export function sameForAll(credentials: Credentials): Partners {
  return {
    credentialsOf: () => credentials,
    clientIdOf: () => credentials.clientId,
    named: () => undefined,
    problem: () => undefined,
  };
}

/**
 * One pair of credentials for every trading partner, read anew each time it is asked for.
 *
 * @throws CredentialsFileError of `read`, which is tried at once.
 */
export function sameForAllFrom(read: () => Credentials): Partners {
  const pair = new LastGood<Credentials>();
  // The secret alone is in a file: the ID stays.
  const { clientId } = pair.read(read);
  return {
    credentialsOf: () => pair.read(read),
    clientIdOf: () => clientId,
    named: () => undefined,
    problem: () => problemOf(read),
  };
}
