/** Where the portal's three calls go. */
export interface PortalUrl {
  /** Scheme, host and port: all that a bearer token is ever sent to. */
  readonly origin: string;
  /** The path of the token endpoint. */
  readonly tokenPath: string;
  /** The path of the subscriptions. */
  readonly subscriptionsPath: string;
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * Reads the portal's base URL, which may have a path prefix.
 *
 * @throws TypeError when it is no URL a portal could have. The message does not repeat the URL: it may hold a password.
 */
export function parsePortalUrl(text: string): PortalUrl {
  const problem = portalUrlProblem(text);
  if (problem !== undefined) throw new TypeError(`the portal's URL ${problem}`);
  const url = new URL(text);
  const prefix = url.pathname.replace(/\/+$/, '');
  return {
    origin: url.origin,
    tokenPath: `${prefix}/oauth/token`,
    subscriptionsPath: `${prefix}/api/v1/marketplace/subscriptions`,
  };
}

/** What keeps a text from being the portal's URL; `undefined` when nothing does. */
export function portalUrlProblem(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol)) {
    return 'must be an absolute https URL, such as https://customers.gitlab.com';
  }
  // `href`, because `search` and `hash` are empty for a bare "?" or "#".
  if (url.username !== '' || url.password !== '') return 'must not have a user name or password in it';
  if (url.href.includes('?')) return 'must not have a query ("?…")';
  if (url.href.includes('#')) return 'must not have a fragment ("#…")';
  // The URL parser has brought every spelling of an IPv4 address into dotted decimals.
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    return 'must be https: over plain http the client secret could be read on the way (http is for loopback hosts only)';
  }
  return undefined;
}

/**
 * An ID as one segment of a path.
 *
 * @throws TypeError when it cannot be one: empty, a lone surrogate, or a dot segment, which servers and
 * proxies take for "here" and "one up".
 */
export function pathSegment(id: string): string {
  if (id === '' || id === '.' || id === '..' || /\p{Cs}/u.test(id)) {
    throw new TypeError(`the ID ${JSON.stringify(id)} cannot be a part of a URL's path`);
  }
  return encodeURIComponent(id);
}
