import type { KnownStatus } from '../client/index.js';
import type { FailureType } from '../contract/index.js';

/** What happens only once the portal took part as it should. */
const PROOF: ReadonlySet<string> = new Set([
  'OrderPlaced',
  'OrderFound',
  'SettledAsNotPlaced',
  'Polled',
  'Provisioned',
]);

/** What a token is proof against. */
const REFUSED_TOKENS: ReadonlySet<FailureType> = new Set(['InvalidClient', 'InvalidScope']);

/** Trouble that does not keep a purchase from being polled on, and so may last. */
const PASSING: ReadonlySet<FailureType> = new Set(['PortalUnavailable', 'RateLimited', 'UnexpectedResponse']);

/** Whether a purchase has gone on since its last error. */
export function isOvercome(status: KnownStatus): boolean {
  const { phase, lastError: error, timeline = [] } = status;
  if (error === undefined) return false;
  if (phase === 'Provisioned') return true;
  if (phase !== 'Provisioning' && phase !== 'Placing' && phase !== 'Confirming') return false;
  if (phase === 'Provisioning' && !PASSING.has(error.type)) return true;
  return timeline.some(
    ({ at, event }) =>
      Date.parse(at) > Date.parse(error.at) &&
      (PROOF.has(event) || (event === 'TokenFetched' && REFUSED_TOKENS.has(error.type))),
  );
}
