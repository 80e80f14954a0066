import { statSync } from 'node:fs';
import { PortalUnavailableError, type Credentials } from '../portal/index.js';
import type { Partners } from './index.js';
import { CredentialsFileError, LastGood, problemOf } from './last-good.js';
import {
  checkPartnersFile,
  credentialsIn,
  readPartnersFile,
  type Partner,
  type PartnersSource,
} from './partners-file.js';

/**
 * Credentials per trading partner, from a partners file. It is read anew each time credentials are asked for, which
 * is before each token request only; of the secrets in other files, only the one that is asked for. For a client ID,
 * which each call asks for, it is read anew when it has changed.
 *
 * @throws CredentialsFileError naming every mistake in the file and its secrets as they are at the start.
 */
export function partnersFromFile(source: PartnersSource): Partners {
  checkPartnersFile(source);
  const file = new LastGood<ReadonlyMap<string, Partner>>();
  const pairs = new Map<string, LastGood<Credentials>>();
  let known: ReadonlyMap<string, Partner> = new Map();
  let seen: string | undefined;
  const read = (): void => {
    seen = stampOf(source.path);
    known = file.read(() => readPartnersFile(source));
    // What kept it from being read may pass without a change of the file.
    if (file.isOld) seen = undefined;
    // Who is not in it any more starts anew, should it come back.
    for (const id of pairs.keys()) if (!known.has(id)) pairs.delete(id);
  };
  read();

  const partnerOf = (tradingPartnerId: string): Partner | undefined => {
    const partner = known.get(tradingPartnerId);
    // It may be in the file that cannot be used now.
    if (partner === undefined && file.isOld) {
      throw unreadable(tradingPartnerId, 'the partners file has a mistake');
    }
    return partner;
  };

  const clientIdOf = (tradingPartnerId: string): string | undefined => {
    if (stampOf(source.path) !== seen) read();
    return partnerOf(tradingPartnerId)?.clientId;
  };

  const credentialsOf = (tradingPartnerId: string): Credentials | undefined => {
    read();
    const partner = partnerOf(tradingPartnerId);
    if (partner === undefined) return undefined;
    const pair = pairs.get(tradingPartnerId) ?? new LastGood<Credentials>();
    pairs.set(tradingPartnerId, pair);
    try {
      return pair.read(() => credentialsIn(tradingPartnerId, partner, source));
    } catch (error) {
      throw error instanceof CredentialsFileError ? unreadable(tradingPartnerId, error.message) : error;
    }
  };

  return {
    credentialsOf,
    clientIdOf,
    named: () => [...known.keys()],
    problem: () => problemOf(() => checkPartnersFile(source)),
  };
}

/** Another one than before: the file was changed or replaced. The empty one: it cannot be looked at. */
function stampOf(path: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join(' ');
  } catch {
    return '';
  }
}

/** A file that is just being replaced is there again soon, and one with a mistake is mended without a restart. */
function unreadable(tradingPartnerId: string, why: string): PortalUnavailableError {
  const whose = `trading partner ${JSON.stringify(tradingPartnerId)}`;
  return new PortalUnavailableError(
    `the credentials of ${whose} cannot be read (MARKETPLACE_PARTNERS_FILE): ${why}`,
    { code: 'CREDENTIALS_FILE' },
  );
}
