import { PortalUnavailableError, type Credentials } from '../portal/index.js';
import type { Partners } from './index.js';
import { CredentialsFileError, LastGood } from './last-good.js';
import {
  checkPartnersFile,
  credentialsIn,
  readPartnersFile,
  type Partner,
  type PartnersSource,
} from './partners-file.js';
import { problemOf, Problems } from './problems.js';

/**
 * Credentials per trading partner, from a partners file. It is read anew each time credentials are asked for, which
 * is before each token request only; of the secrets in other files, only the one that is asked for.
 *
 * @throws CredentialsFileError naming every mistake in the file and its secrets as they are at the start.
 */
export function partnersFromFile(source: PartnersSource): Partners {
  checkPartnersFile(source);
  const problems = new Problems();
  const file = new LastGood<ReadonlyMap<string, Partner>>(problems.tell);
  const pairs = new Map<string, LastGood<Credentials>>();
  const partners = () => file.read(() => readPartnersFile(source));
  let known = partners();

  const credentialsOf = (tradingPartnerId: string): Credentials | undefined => {
    known = partners();
    const partner = known.get(tradingPartnerId);
    if (partner === undefined) {
      pairs.delete(tradingPartnerId);
      // It may be in the file that cannot be used now.
      if (file.isOld) throw unreadable(tradingPartnerId, 'the partners file has a mistake');
      return undefined;
    }
    const pair = pairs.get(tradingPartnerId) ?? new LastGood<Credentials>(problems.tell);
    pairs.set(tradingPartnerId, pair);
    try {
      return pair.read(() => credentialsIn(tradingPartnerId, partner, source));
    } catch (error) {
      throw error instanceof CredentialsFileError ? unreadable(tradingPartnerId, error.message) : error;
    }
  };

  return {
    credentialsOf,
    named: () => [...known.keys()],
    problem: () => problemOf(() => checkPartnersFile(source)),
    onProblem: problems.onProblem,
  };
}

/** A file that is just being replaced is there again soon, and one with a mistake is mended without a restart. */
function unreadable(tradingPartnerId: string, why: string): PortalUnavailableError {
  const whose = `trading partner ${JSON.stringify(tradingPartnerId)}`;
  return new PortalUnavailableError(
    `the credentials of ${whose} cannot be read (MARKETPLACE_PARTNERS_FILE): ${why}`,
    { code: 'CREDENTIALS_FILE' },
  );
}
