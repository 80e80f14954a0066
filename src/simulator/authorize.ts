import type { Scope } from '../contract/names.js';
import { jsonAnswer, type Answer } from './answer.js';
import type { CallFacts } from './journal.js';
import type { Portal, PortalRequest } from './portal.js';
import type { Grant } from './tokens.js';

/** What the token shown says about a call; nothing when it is not good. */
export function grantFacts(portal: Portal, request: PortalRequest, now: number): CallFacts {
  const grant = portal.tokens.grantOf(request.authorization, now);
  return grant === undefined ? {} : { clientId: grant.client.clientId, scope: grant.scope };
}

/** The grant with which a call may go on, or the refusal (RFC 6750 §3). */
export function authorize(
  portal: Portal,
  { authorization }: PortalRequest,
  scope: Scope,
  now: number,
): { grant: Grant } | { refusal: Answer } {
  const grant = portal.tokens.grantOf(authorization, now);
  if (grant !== undefined && grant.scope === scope) return { grant };
  if (grant !== undefined) {
    return { refusal: challenge(403, 'insufficient_scope', `The call needs the scope ${scope}.`) };
  }
  return {
    refusal:
      authorization === undefined
        ? jsonAnswer(401, { error: 'An access token is required.' }, { 'www-authenticate': 'Bearer' })
        : challenge(401, 'invalid_token', 'The access token is unknown, expired or revoked.'),
  };
}

function challenge(status: number, error: string, description: string): Answer {
  const header = `Bearer error="${error}", error_description="${description}"`;
  return jsonAnswer(status, { error, error_description: description }, { 'www-authenticate': header });
}
