import { Agent, request } from 'undici';
import { ConfigError, partnersIn } from '../../config.js';
import { formatDuration, SCOPES, type Scope } from '../../contract/index.js';
import type { Partners } from '../../partners/index.js';
import { PortalClient, PortalError, portalUrlProblem } from '../../portal/index.js';
import { reportOf } from '../errors.js';
import { oneLine } from '../sanitize.js';
import { tidy } from '../text.js';
import { judgeClock, type ClockReading } from './clock.js';
import { bad, check, good, notChecked, warn, type Finding } from './finding.js';

/** Below what a whole check may take, so that the portal's own error is told. In milliseconds. */
const TIMEOUTS = { connectMs: 3_000, headersMs: 4_000, bodyMs: 2_000 };

/** Whether the portal answers, and grants tokens of both scopes. */
export async function checkPortal(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const url = env['MARKETPLACE_PORTAL_URL'];
  if (!url) return withoutPortal('MARKETPLACE_PORTAL_URL is not set here; the workers have their own');
  const problem = portalUrlProblem(url);
  if (problem !== undefined) {
    return [
      { check: 'portal', ...bad(`MARKETPLACE_PORTAL_URL ${problem}`) },
      ...withoutPortal("the portal's URL is wrong").slice(1),
    ];
  }
  return [...(await checkAnswer(url)), ...(await checkTokens(url, env))];
}

function withoutPortal(reason: string): Finding[] {
  const names = ['portal', 'clock, portal', 'token, read', 'token, create'] as const;
  return names.map((name) => ({ check: name, ...notChecked(reason) }));
}

/** One call that any portal answers somehow, without a token. */
async function checkAnswer(url: string): Promise<Finding[]> {
  let reading: ClockReading | undefined;
  // One of its own, so that no connection that is kept for later keeps the process.
  const dispatcher = new Agent();
  const answer = await check('portal', async () => {
    const before = Date.now();
    const { statusCode, headers, body } = await request(url, {
      dispatcher,
      method: 'GET',
      headersTimeout: TIMEOUTS.headersMs,
      bodyTimeout: TIMEOUTS.bodyMs,
      signal: AbortSignal.timeout(TIMEOUTS.connectMs + TIMEOUTS.headersMs),
    }).catch((error: unknown) => {
      throw new PortalUnreachable(url, error);
    });
    const theirs = Date.parse(String(headers['date'] ?? ''));
    if (!Number.isNaN(theirs)) reading = { before, theirs, after: Date.now(), resolutionMs: 1_000 };
    await body.dump();
    const host = new URL(url).host;
    if (statusCode < 500) return good(`${host} answers`);
    return warn(
      `${host} answers ${statusCode}`,
      'It may be in maintenance: purchases wait for it by themselves.',
    );
  });
  await dispatcher.destroy();
  const clock = await check('clock, portal', () =>
    reading === undefined
      ? notChecked("no answer told the portal's time")
      : judgeClock("the portal's", reading),
  );
  return [answer, clock];
}

/** Thrown when the portal gave no answer at all. */
class PortalUnreachable extends PortalError {
  constructor(url: string, error: unknown) {
    const cause = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
    super(`${new URL(url).host} cannot be reached (${cause}). Check the network, the proxy and the URL.`);
  }
}

async function checkTokens(url: string, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const partners = partnersOf(env);
  if ('state' in partners) {
    return (['token, read', 'token, create'] as const).map((name) => ({ check: name, ...partners }));
  }
  const portal = new PortalClient({ url, credentials: partners.credentialsOf, timeouts: TIMEOUTS });
  const named = partners.named();
  const look = (scope: Scope) =>
    named === undefined ? granted(portal, scope) : grantedToEach(portal, scope, named);
  try {
    return await Promise.all([
      check('token, read', () => look(SCOPES.read)),
      check('token, create', () => look(SCOPES.create)),
    ]);
  } finally {
    await portal.close();
  }
}

/** Asks for a token, which stays in this process's memory and is told to nobody. */
async function granted(portal: PortalClient, scope: Scope) {
  const { expiresAt } = await portal.fetchToken('doctor', scope);
  const lifetime = Math.max(0, expiresAt.getTime() - Date.now());
  return good(`the credentials are good for ${scope}; a token lasts ${formatDuration(lifetime)}`);
}

/** A doctor looks at so many partners, and at so many at once: it must not be a burden on the portal. */
const MOST_PARTNERS = 20;
const AT_ONCE = 4;

async function grantedToEach(portal: PortalClient, scope: Scope, named: readonly string[]) {
  const looked = named.slice(0, MOST_PARTNERS);
  const refusals: string[] = [];
  const waiting = looked.values();
  const one = async () => {
    for (const partner of waiting) {
      try {
        await portal.fetchToken(partner, scope);
      } catch (error) {
        refusals.push(`${JSON.stringify(partner)} (${reportOf(error).message})`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  const others = named.length - looked.length;
  const rest = others === 0 ? '' : `; ${others} more were not asked for`;
  if (refusals.length === 0) {
    const whose = named.length === 1 ? 'the one partner' : `${looked.length} partners`;
    return good(`the credentials of ${whose} are good for ${scope}${rest}`);
  }
  return bad(
    `${refusals.length} of ${looked.length} partners get no token for ${scope}: ${tidy(oneLine(refusals.join('; ')))}${rest}`,
    'Correct their entries in the file MARKETPLACE_PARTNERS_FILE; workers read it anew, without a restart (not a clientSecretEnv).',
  );
}

/** Whose credentials the workers on this machine would use; or why that is not checked, or wrong. */
function partnersOf(env: NodeJS.ProcessEnv): Partners | Omit<Finding, 'check'> {
  if (CREDENTIALS.every((name) => !env[name])) {
    return notChecked(
      'neither MARKETPLACE_CLIENT_ID with its secret nor MARKETPLACE_PARTNERS_FILE is set here; the workers have their own',
    );
  }
  try {
    return partnersIn(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return bad(
      error.mistakes.map((mistake) => tidy(oneLine(mistake))).join('; '),
      'Correct it, here and for the workers.',
    );
  }
}

const CREDENTIALS = [
  'MARKETPLACE_CLIENT_ID',
  'MARKETPLACE_CLIENT_SECRET',
  'MARKETPLACE_CLIENT_SECRET_FILE',
  'MARKETPLACE_PARTNERS_FILE',
] as const;
