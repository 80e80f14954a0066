import { jsonAnswer, type Answer } from './answer.js';
import type { Alteration } from './inject.js';
import type { CallFacts } from './journal.js';
import { scopesOf } from './options.js';
import type { Portal, PortalRequest } from './portal.js';

const FORM = /^application\/x-www-form-urlencoded(?:\s*;|$)/i;
const PARAMETERS = ['client_id', 'client_secret', 'grant_type', 'scope'];

/** RFC 6749 §5.1: no cache may keep an answer with a token. */
const NOT_KEPT = { 'cache-control': 'no-store', pragma: 'no-cache' };

export function tokenFacts(portal: Portal, { text }: PortalRequest): CallFacts {
  const form = new URLSearchParams(text);
  const clientId = portal.clients.find(form.get('client_id'))?.clientId;
  const scope = form.get('scope');
  return { ...(clientId !== undefined && { clientId }), ...(scope !== null && { scope }) };
}

/** `POST /oauth/token`: RFC 6749 §4.4, the client credentials grant. Credentials in the form only. */
export function grantToken(
  portal: Portal,
  { contentType, text }: PortalRequest,
  now: number,
  { skewMs }: Alteration,
): Answer {
  if (!FORM.test(contentType ?? '')) {
    return refused(400, 'invalid_request', 'The request must be application/x-www-form-urlencoded.');
  }
  const form = new URLSearchParams(text);
  const repeated = PARAMETERS.find((name) => form.getAll(name).length > 1);
  if (repeated !== undefined) {
    return refused(400, 'invalid_request', `The parameter ${repeated} is included more than once.`);
  }
  const client = portal.clients.find(form.get('client_id'));
  if (client?.clientSecret !== form.get('client_secret')) {
    return refused(401, 'invalid_client', 'Client authentication failed: unknown client, or wrong secret.');
  }
  if (!form.get('grant_type')) {
    return refused(400, 'invalid_request', 'The required parameter grant_type is missing.');
  }
  if (form.get('grant_type') !== 'client_credentials') {
    return refused(400, 'unsupported_grant_type', 'The grant_type must be client_credentials.');
  }
  const scope = scopesOf(client).find((known) => known === form.get('scope'));
  if (scope === undefined) {
    return refused(400, 'invalid_scope', 'The requested scope is invalid, unknown or not granted.');
  }
  const seconds = portal.settings.tokenLifetimeSeconds;
  const token = portal.tokens.issue({ client, scope, expiresAt: now + seconds * 1_000 - skewMs });
  const body = { access_token: token, token_type: 'Bearer', expires_in: seconds, scope };
  return jsonAnswer(200, body, NOT_KEPT);
}

function refused(status: number, error: string, description: string): Answer {
  return jsonAnswer(status, { error, error_description: description }, NOT_KEPT);
}
