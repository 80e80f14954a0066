import type { Credentials } from '../portal/index.js';
import type { Partners } from './index.js';
import { LastGood } from './last-good.js';
import { problemOf, Problems } from './problems.js';

/** One pair of credentials for every trading partner. */
export function sameForAll(credentials: Credentials): Partners {
  return {
    credentialsOf: () => credentials,
    clientIdOf: () => credentials.clientId,
    named: () => undefined,
    problem: () => undefined,
    onProblem: () => undefined,
  };
}

/**
 * One pair of credentials for every trading partner, read anew each time it is asked for.
 *
 * @throws CredentialsFileError of `read`, which is tried at once.
 */
export function sameForAllFrom(read: () => Credentials): Partners {
  const problems = new Problems();
  const pair = new LastGood<Credentials>(problems.tell);
  // The secret alone is in a file: the ID stays.
  const { clientId } = pair.read(read);
  return {
    credentialsOf: () => pair.read(read),
    clientIdOf: () => clientId,
    named: () => undefined,
    problem: () => problemOf(read),
    onProblem: problems.onProblem,
  };
}
