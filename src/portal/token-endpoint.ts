import { ASSUMED_TOKEN_LIFETIME_SECONDS, tokenAnswerSchema } from '../contract/assumptions.js';
import { GITLAB_CONTACT, type Scope } from '../contract/names.js';
import { PortalUnauthorizedError, PortalUnreadableError } from './errors.js';
import type { Answer, Call } from './exchange.js';
import { answered, harmlessBody, jsonObject, type Outcome } from './judge.js';
import type { Token } from './token-cache.js';

/** What GitLab gives a partner to fetch tokens with. */
export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The request for a token of one scope (RFC 6749 §4.4.2, the client in the body as GitLab's page has it). */
export function tokenCall(path: string, { clientId, clientSecret }: Credentials, scope: Scope): Call {
  return {
    name: 'POST oauth/token',
    method: 'POST',
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      client_id: clientId,
      client_secret: clientSecret,
      grant_type: 'client_credentials',
      scope,
    }).toString(),
    hidden: { secrets: [clientSecret], personal: [] },
  };
}

/**
 * The token in an answer.
 *
 * @param requestedAt when it was asked for, in milliseconds since the epoch: its life began no earlier.
 */
export function judgeToken(call: Call, outcome: Outcome, scope: Scope, requestedAt: number): Token {
  if (outcome.status === 400 || outcome.status === 401) throw unauthorized(call, outcome, scope);
  const answer = tokenAnswerSchema.safeParse(harmlessBody(call, outcome));
  if (!answer.success) {
    // Not the schema's own words: they could quote the token.
    throw new PortalUnreadableError(`${call.name}: the answer has no bearer token`, {
      status: outcome.status,
    });
  }
  const { access_token: value, expires_in = ASSUMED_TOKEN_LIFETIME_SECONDS } = answer.data;
  if (value.length > LONGEST_TOKEN) {
    const what = `${call.name}: the access token is longer than ${LONGEST_TOKEN} characters`;
    throw new PortalUnreadableError(what, { status: outcome.status });
  }
  const lifetimeMs = Math.min(expires_in * 1_000, LONGEST_LIFETIME_MS);
  const marginMs = Math.min(lifetimeMs / 10, LONGEST_MARGIN_MS);
  return { value, expiresAt: requestedAt + lifetimeMs, refreshAt: requestedAt + lifetimeMs - marginMs };
}

/** Far more than any has; a longer one would not fit into the headers that servers take. */
const LONGEST_TOKEN = 8_192;

/** So that changed credentials are used within a day even where the portal goes on to accept an old token. */
const LONGEST_LIFETIME_MS = 86_400_000;

/** How long before its end a token is renewed, so that none expires on its way to the portal. */
const LONGEST_MARGIN_MS = 30_000;

/** GitLab's page: 400 is an invalid scope, 401 an invalid client. RFC 6749 §5.2 lets a 400 mean both. */
function unauthorized(call: Call, answer: Answer, scope: Scope): PortalUnauthorizedError {
  if (answer.status === 401 || isClientError(answer.text)) {
    const next = 'Check the client ID and secret for typing errors and extra spaces.';
    return new PortalUnauthorizedError('invalid_client', `${answered(call, answer)}. ${next}`, answer);
  }
  const next = `Ask ${GITLAB_CONTACT} to grant the scope ${scope}.`;
  return new PortalUnauthorizedError('invalid_scope', `${answered(call, answer)}. ${next}`, answer);
}

function isClientError(text: string | undefined): boolean {
  const body = jsonObject(text);
  return body !== undefined && 'error' in body && body.error === 'invalid_client';
}
