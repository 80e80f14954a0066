import { Agent, request } from 'undici';
import { ConfigError, loadWorkerConfig } from '../../config.js';
import { formatDuration, SCOPES, type Scope } from '../../contract/index.js';
import { PortalClient, PortalError, portalUrlProblem, type Credentials } from '../../portal/index.js';
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
  const credentials = credentialsIn(env);
  if ('state' in credentials) {
    return (['token, read', 'token, create'] as const).map((name) => ({ check: name, ...credentials }));
  }
  const portal = new PortalClient({ url, credentials: () => credentials, timeouts: TIMEOUTS });
  try {
    return await Promise.all([
      check('token, read', () => granted(portal, SCOPES.read)),
      check('token, create', () => granted(portal, SCOPES.create)),
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

/** What the workers on this machine would use; or why that is not checked, or wrong. */
function credentialsIn(env: NodeJS.ProcessEnv): Credentials | Omit<Finding, 'check'> {
  if (env['MARKETPLACE_PARTNERS_FILE']) {
    return notChecked('the credentials of several partners (MARKETPLACE_PARTNERS_FILE) are not checked here');
  }
  const own = ['MARKETPLACE_CLIENT_ID', 'MARKETPLACE_CLIENT_SECRET', 'MARKETPLACE_CLIENT_SECRET_FILE'];
  if (own.every((name) => !env[name])) {
    return notChecked('MARKETPLACE_CLIENT_ID and its secret are not set here; the workers have their own');
  }
  try {
    // Of the rest of the configuration other checks tell.
    const names = ['MARKETPLACE_PORTAL_URL', ...own];
    const { partners } = loadWorkerConfig(Object.fromEntries(names.map((name) => [name, env[name]])));
    return partners.credentialsOf('doctor') ?? notChecked('there are no credentials here');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return bad(
      error.mistakes.map((mistake) => tidy(oneLine(mistake))).join('; '),
      'Correct it, here and for the workers.',
    );
  }
}
