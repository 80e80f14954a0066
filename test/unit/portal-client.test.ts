import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { Dispatcher, Pool } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { SCOPES } from '../../src/contract/names.js';
import type { Order } from '../../src/contract/order.js';
import { eventually } from '../helpers/eventually.js';
import { exchange } from '../../src/portal/exchange.js';
import {
  PortalClient,
  type PortalClientOptions,
  type PortalTraffic,
  PortalError,
  PortalNotPermittedError,
  PortalOutcomeUnknownError,
  PortalRefusedError,
  PortalThrottledError,
  PortalUnauthorizedError,
  PortalUnavailableError,
  PortalUnreadableError,
} from '../../src/portal/index.js';

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Route = (response: ServerResponse, seen: Seen) => void;

interface Routes {
  readonly token?: Route;
  readonly post?: Route;
  readonly get?: Route;
}

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

const order: Order = {
  externalSubscriptionId: 'EXT-1001',
  tradingPartnerId: 'PARTNER',
  customer: {
    companyName: 'Example GmbH',
    contact: { firstName: 'Ada', lastName: 'Lovelace', email: 'ada@example.com', phone: null },
    address: { country: 'DE', lines: ['Straße 1', '日本'] },
  },
  orderLines: [{ productId: '2c92a0ff', quantity: 10, extra: { deep: 1.5 } }],
  poNumber: 'PO-77',
};
const ids = { tradingPartnerId: 'PARTNER', externalSubscriptionId: 'EXT-1001' };
const credentials = { clientId: 'the id', clientSecret: 's3cret&+ä/=' };
const SUBSCRIPTIONS = '/api/v1/marketplace/subscriptions';

/** Answers with a status and a body; an object is sent as JSON. */
function reply(status: number, body: unknown = '', headers: Record<string, string> = {}): Route {
  return (response) => {
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** Writes to the socket as it is, past node:http. */
function raw(bytes: string): Route {
  return ({ socket }) => socket?.end(bytes);
}

/** Says `head`, and then `piece` again and again. */
function endless(head: string, piece: string): Route {
  return ({ socket }) => {
    socket?.write(head);
    const timer = setInterval(() => socket?.write(piece), 5);
    socket?.on('close', () => clearInterval(timer)).on('error', () => {});
  };
}

/** Breaks off within the body. */
function broken(status: number): Route {
  return raw(`HTTP/1.1 ${status} X\r\nContent-Length: 100\r\n\r\n{"status":"Created"}`);
}

const large: Route = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"status":"Created","padding":"');
  response.end(`${'x'.repeat(2 ** 20)}"}`);
};

const refusingFirstToken: Route = (response, seen) => {
  const refused = seen.headers.authorization === 'Bearer token-1';
  reply(refused ? 401 : 200, { status: 'Created' })(response, seen);
};

/** A server that takes connections and never says a word, so that no TLS handshake ends. */
async function startSilence() {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    cleanUps.push(() => socket.destroy());
  });
  await listen(server);
  return { server, origin: `https://127.0.0.1:${portOf(server)}` };
}

/** A portal on loopback that grants tokens `token-1`, `token-2`, … unless a route says otherwise. */
async function startPortal({ token, post, get }: Routes = {}) {
  const seen: Seen[] = [];
  const tokenRequests = (): Seen[] => seen.filter(({ path }) => path.endsWith('/oauth/token'));
  const routeTo = ({ method, path }: Seen): Route => {
    if (method === 'GET') return get ?? reply(200, { status: 'Created' });
    if (path.endsWith(SUBSCRIPTIONS)) return post ?? reply(201, { subscriptionNumber: 'A-S00000001' });
    return token ?? reply(200, { access_token: `token-${tokenRequests().length}`, expires_in: 7200 });
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url: path = '', headers } = request;
    const one = { method, path, headers, body: await text(request) };
    seen.push(one);
    routeTo(one)(response, one);
  };
  const server = createServer((request, response) => void answer(request, response));
  const origin = await listen(server);
  cleanUps.push(() => server.closeAllConnections());
  return {
    server,
    origin,
    seen,
    tokenRequests,
    posts: () => seen.filter(({ method, path }) => method === 'POST' && path.endsWith(SUBSCRIPTIONS)),
    gets: () => seen.filter(({ method }) => method === 'GET'),
  };
}

async function listen(server: Server | TcpServer): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => server.close());
  return `http://127.0.0.1:${portOf(server)}`;
}

function portOf(server: Server | TcpServer): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen');
  return address.port;
}

function clientOf(url: string, options: Partial<PortalClientOptions> = {}): PortalClient {
  return new PortalClient({ url, credentials: () => credentials, ...options });
}

/** A client of a portal with these routes, which gives up soon. */
async function setUp(routes: Routes = {}, options: Partial<PortalClientOptions> = {}) {
  const portal = await startPortal(routes);
  const client = clientOf(portal.origin, options);
  return { portal, client };
}

async function failureOf(promise: Promise<unknown>): Promise<PortalError> {
  const failure: unknown = await promise.then(
    (value) => `fulfilled with ${inspect(value)}`,
    (error: unknown) => error,
  );
  if (failure instanceof PortalError) return failure;
  throw new Error(`expected a PortalError, got: ${inspect(failure)}`);
}

function gate() {
  const opening = new AbortController();
  return { opened: once(opening.signal, 'abort'), open: () => opening.abort() };
}

describe('placeOrder', () => {
  it('sends nothing after its time, though it waited for its turn and no timer told it', async () => {
    const opened = gate();
    const { portal, client } = await setUp(
      {},
      {
        traffic: {
          admit: async ({ kind }) => {
            if (kind === 'place') await opened.opened;
            return undefined;
          },
          completed: () => undefined,
        },
      },
    );
    const notAfter = Date.now() + 50;
    const placing = failureOf(client.placeOrder(order, { notAfter }));
    await eventually(() => Date.now() > notAfter || undefined);
    opened.open();
    const failure = await placing;
    expect(failure).toBeInstanceOf(PortalUnavailableError);
    expect(failure).toMatchObject({ code: 'TOO_LATE', message: expect.stringContaining('was not sent') });
    expect(portal.seen.map(({ path }) => path)).toEqual(['/oauth/token']);
  });

  it('sends the order unchanged, with a token of the create scope', async () => {
    const { portal, client } = await setUp();
    expect(await client.placeOrder(order)).toEqual({ subscriptionNumber: 'A-S00000001' });

    const [token, post] = portal.seen;
    expect(token).toMatchObject({
      method: 'POST',
      path: '/oauth/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    });
    expect(token?.headers.authorization).toBeUndefined();
    expect(Object.fromEntries(new URLSearchParams(token?.body))).toEqual({
      client_id: credentials.clientId,
      client_secret: credentials.clientSecret,
      grant_type: 'client_credentials',
      scope: SCOPES.create,
    });
    expect(post).toMatchObject({
      method: 'POST',
      path: SUBSCRIPTIONS,
      headers: {
        authorization: 'Bearer token-1',
        'content-type': 'application/json',
        accept: 'application/json',
        'accept-encoding': 'identity',
        'user-agent': 'gitlab-marketplace-temporal',
      },
    });
    expect(JSON.parse(post?.body ?? '')).toEqual(order);
    expect(portal.seen).toHaveLength(2);
  });

  it('keeps the path prefix of the URL', async () => {
    const portal = await startPortal();
    await clientOf(`${portal.origin}/a/b/`).placeOrder(order);
    expect(portal.seen.map(({ path }) => path)).toEqual(['/a/b/oauth/token', `/a/b${SUBSCRIPTIONS}`]);
  });

  const deep = `${'{"data":'.repeat(100_000)}{}${'}'.repeat(100_000)}`;
  it.each([
    ['{}', {}],
    ['\uFEFF{"order_id":42}', { subscriptionNumber: '42' }],
    [deep, {}],
  ])('takes any JSON object for a placed order (%#)', async (body, placed) => {
    const { client } = await setUp({ post: reply(200, body) });
    expect(await client.placeOrder(order)).toEqual(placed);
  });

  it.each(['', 'null', '[]', '"A-S1"', '{"subscriptionNumber":', '<html></html>'])(
    'does not know the outcome when a 2xx has the body %j',
    async (body) => {
      const { client } = await setUp({ post: reply(201, body) });
      const failure = await failureOf(client.placeOrder(order));
      expect(failure).toBeInstanceOf(PortalOutcomeUnknownError);
      expect(failure).toMatchObject({ status: 201 });
    },
  );

  it.each([
    [300, PortalOutcomeUnknownError],
    [307, PortalOutcomeUnknownError],
    [400, PortalRefusedError],
    [403, PortalNotPermittedError],
    [404, PortalRefusedError],
    [408, PortalOutcomeUnknownError],
    [409, PortalRefusedError],
    [422, PortalRefusedError],
    [429, PortalThrottledError],
    [500, PortalOutcomeUnknownError],
    [503, PortalOutcomeUnknownError],
  ])('judges a %i', async (status, expected) => {
    const { portal, client } = await setUp({
      post: reply(status, { message: 'the words' }, { 'retry-after': '7' }),
    });
    const failure = await failureOf(client.placeOrder(order));
    expect(failure).toBeInstanceOf(expected);
    expect(failure).toMatchObject({ name: expected.name, status, retryAfterMs: 7_000 });
    expect(failure.message).toContain(`POST subscriptions: the portal answered ${status}`);
    expect(portal.posts()).toHaveLength(1);
  });

  it('shows the words of the portal', async () => {
    const { client } = await setUp({ post: reply(422, { errors: ['quantity is too large'] }) });
    const failure = await failureOf(client.placeOrder(order));
    expect(failure.portalMessage).toBe('quantity is too large');
    expect(failure.message).toBe('POST subscriptions: the portal answered 422: quantity is too large');
  });

  it.each([
    ['very many values', Array.from({ length: 60_000 }, (_, index) => ({ note: `note ${index}` }))],
    ['a very long value', [{ note: '(x) '.repeat(10_000) }]],
    ['an unpaired surrogate', [{ note: '\uD800' }]],
  ])('judges the answer to an order with %s by its status, and soon', async (_what, extra) => {
    const { client } = await setUp({ post: reply(422, `note 59999 is wrong ${'(x) '.repeat(10_000)}`) });
    await client.fetchToken('PARTNER', SCOPES.create);
    const startedAt = performance.now();
    const failure = await failureOf(client.placeOrder({ ...order, extra }));
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(failure).toBeInstanceOf(PortalRefusedError);
    expect(failure.status).toBe(422);
    expect(failure.message).toMatch(/^POST subscriptions: the portal answered 422: \S/);
  });

  let tooDeep: object = {};
  for (let level = 0; level < 100_000; level++) tooDeep = { tooDeep };
  const endlessOrder: Order = { ...order };
  endlessOrder['itself'] = endlessOrder;
  it.each([
    ['is nested too deeply', { ...order, tooDeep }, RangeError],
    ['contains itself', endlessOrder, TypeError],
  ])('sends nothing at all when the order %s', async (_what, unwritable, expected) => {
    const { portal, client } = await setUp();
    await expect(client.placeOrder(unwritable)).rejects.toThrow(expected);
    await client.close();
    expect(portal.seen).toEqual([]);
  });
});

describe('findSubscription', () => {
  it('gives the status and the number, with a token of the read scope', async () => {
    const { portal, client } = await setUp({
      get: reply(200, { status: 'Provisioned', subscriptionNumber: 'A-S1', more: true }),
    });
    expect(await client.findSubscription(ids)).toEqual({ status: 'Provisioned', subscriptionNumber: 'A-S1' });
    expect(new URLSearchParams(portal.seen[0]?.body).get('scope')).toBe(SCOPES.read);
    expect(portal.seen[1]).toMatchObject({ path: `${SUBSCRIPTIONS}/EXT-1001`, body: '' });
  });

  it('gives undefined for a 404', async () => {
    const { client } = await setUp({ get: reply(404, { error: 'not found' }) });
    expect(await client.findSubscription(ids)).toBeUndefined();
  });

  it('asks for exactly the ID it was given', async () => {
    const { portal, client } = await setUp();
    const id = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 100 })
      .filter((chosen) => chosen !== '.' && chosen !== '..');
    await fc.assert(
      fc.asyncProperty(id, async (externalSubscriptionId) => {
        await client.findSubscription({ ...ids, externalSubscriptionId });
        const asked = portal.seen.at(-1)?.path.slice(SUBSCRIPTIONS.length + 1) ?? '';
        expect(asked).not.toMatch(/[/?#]/);
        expect(decodeURIComponent(asked)).toBe(externalSubscriptionId);
      }),
      { examples: [['../..'], ['a/b?c#d'], ['%2e%2e'], ['Größe 1\r\n']] },
    );
  });

  it.each(['.', '..', ''])('refuses the ID %j before anything is sent', async (externalSubscriptionId) => {
    const { portal, client } = await setUp();
    await expect(client.findSubscription({ ...ids, externalSubscriptionId })).rejects.toThrow(TypeError);
    expect(portal.seen).toEqual([]);
  });

  it.each([
    [301, PortalUnreadableError],
    [400, PortalUnreadableError],
    [403, PortalNotPermittedError],
    [408, PortalUnavailableError],
    [410, PortalUnreadableError],
    [429, PortalThrottledError],
    [500, PortalUnavailableError],
    [503, PortalUnavailableError],
  ])('judges a %i', async (status, expected) => {
    const { client } = await setUp({ get: reply(status, {}, { 'retry-after': '7' }) });
    const failure = await failureOf(client.findSubscription(ids));
    expect(failure).toBeInstanceOf(expected);
    expect(failure).toMatchObject({ status, retryAfterMs: 7_000 });
    expect(failure.message).toContain(`GET subscriptions/EXT-1001: the portal answered ${status}`);
  });

  it.each([301, 400, 401, 403, 408, 410, 429, 500, 503])(
    'shows of a %i no words, as they may be about a customer',
    async (status) => {
      const words = 'No license mail to ada@example.com (Ada Lovelace)';
      const bodies = [words, { message: words }, { error: words }, { errors: { base: [words] } }];
      for (const body of bodies) {
        const { client } = await setUp({ get: reply(status, body) });
        const failure = await failureOf(client.findSubscription(ids));
        expect(failure.portalMessage).toBeUndefined();
        expect(inspect(failure, { showHidden: true })).not.toMatch(/ada@|Lovelace|license/);
      }
    },
  );

  it('shows the code of an error', async () => {
    const body = { error: 'not_permitted', error_description: 'No license mail to ada@example.com' };
    const { client } = await setUp({ get: reply(403, body) });
    const failure = await failureOf(client.findSubscription(ids));
    expect(failure.portalMessage).toBe('not_permitted');
    expect(failure.message).toContain('the portal answered 403: not_permitted. Ask');
    expect(failure.message).not.toContain('ada@');
  });

  it.each(['', '[]', '{}', '{"status":1}', '{"status":" "}', '<html></html>'])(
    'cannot read a 200 with the body %j',
    async (body) => {
      const { client } = await setUp({ get: reply(200, body) });
      expect(await failureOf(client.findSubscription(ids))).toBeInstanceOf(PortalUnreadableError);
    },
  );
});

describe('tokens', () => {
  it('are shared by all calls of a partner and scope', async () => {
    const { portal, client } = await setUp(
      {},
      { credentials: (partner) => ({ clientId: partner, clientSecret: 'secret' }) },
    );
    await Promise.all([client.findSubscription(ids), client.findSubscription(ids)]);
    await client.placeOrder(order);
    await client.findSubscription({ ...ids, tradingPartnerId: 'OTHER' });
    const asked = portal.tokenRequests().map(({ body }) => new URLSearchParams(body));
    expect(asked.map((form) => [form.get('client_id'), form.get('scope')])).toEqual([
      ['PARTNER', SCOPES.read],
      ['PARTNER', SCOPES.create],
      ['OTHER', SCOPES.read],
    ]);
  });

  it.each([
    [7_200, 7_170_000],
    [100, 90_000],
    [1, 900],
    [undefined, 270_000],
    [1e300, 86_370_000],
  ])('that live for %s s are renewed after %i ms', async (expiresIn, renewedAt) => {
    let now = 1_000_000;
    const { portal, client } = await setUp(
      { token: reply(200, { access_token: 'T', expires_in: expiresIn }) },
      { now: () => now },
    );
    await client.findSubscription(ids);
    now += renewedAt - 1;
    await client.findSubscription(ids);
    expect(portal.tokenRequests()).toHaveLength(1);
    now += 1;
    await client.findSubscription(ids);
    expect(portal.tokenRequests()).toHaveLength(2);
  });

  it('are not shown by fetchToken, which says how long they live', async () => {
    const { portal, client } = await setUp({}, { now: () => 1_000 });
    const granted = await client.fetchToken('PARTNER', SCOPES.create);
    expect(granted).toEqual({ scope: SCOPES.create, expiresAt: new Date(7_201_000) });
    await client.placeOrder(order);
    expect(portal.tokenRequests()).toHaveLength(1);
  });

  it.each(['post', 'get'] as const)(
    'that a %s refuses are renewed once, and the call repeated',
    async (call) => {
      const { portal, client } = await setUp({ [call]: refusingFirstToken });
      await (call === 'post' ? client.placeOrder(order) : client.findSubscription(ids));
      expect(portal.seen.map(({ headers }) => headers.authorization)).toEqual([
        undefined,
        'Bearer token-1',
        undefined,
        'Bearer token-2',
      ]);
    },
  );

  it('that are refused again are an error', async () => {
    const { portal, client } = await setUp({ post: reply(401, { error: 'The token is revoked' }) });
    const failure = await failureOf(client.placeOrder(order));
    expect(failure).toBeInstanceOf(PortalUnauthorizedError);
    expect(failure).toMatchObject({
      reason: 'token_refused',
      status: 401,
      portalMessage: 'The token is revoked',
    });
    expect(portal.posts()).toHaveLength(2);
  });

  it('are renewed once for all calls that were refused', async () => {
    const callers = 30;
    const all = gate();
    let refused = 0;
    const { portal, client } = await setUp({
      get: (response, seen) => {
        if (seen.headers.authorization !== 'Bearer token-1')
          return reply(200, { status: 'Created' })(response, seen);
        refused += 1;
        if (refused === callers) all.open();
        void all.opened.then(() => reply(401)(response, seen));
      },
    });
    await Promise.all(Array.from({ length: callers }, () => client.findSubscription(ids)));
    expect(refused).toBe(callers);
    expect(portal.tokenRequests()).toHaveLength(2);
  });

  it('are still fetched for others when one caller aborts', async () => {
    const asked = gate();
    const answer = gate();
    const { portal, client } = await setUp({
      token: (response, seen) => {
        asked.open();
        void answer.opened.then(() => reply(200, { access_token: 'T' })(response, seen));
      },
    });
    const abort = new AbortController();
    const leaving = client.placeOrder(order, { signal: abort.signal });
    const staying = client.placeOrder(order);
    await asked.opened;
    abort.abort('enough');
    await expect(leaving).rejects.toBe('enough');
    answer.open();
    await staying;
    expect(portal.tokenRequests()).toHaveLength(1);
    expect(portal.posts()).toHaveLength(1);
  });

  it.each([
    [401, {}, PortalUnauthorizedError, { reason: 'invalid_client' }],
    [400, { error: 'invalid_client' }, PortalUnauthorizedError, { reason: 'invalid_client' }],
    [400, { error: 'invalid_scope' }, PortalUnauthorizedError, { reason: 'invalid_scope' }],
    [400, 'no', PortalUnauthorizedError, { reason: 'invalid_scope' }],
    [403, {}, PortalNotPermittedError, {}],
    [404, {}, PortalUnreadableError, {}],
    [408, {}, PortalUnavailableError, {}],
    [429, {}, PortalThrottledError, {}],
    [500, {}, PortalUnavailableError, {}],
    [503, {}, PortalUnavailableError, {}],
    [302, {}, PortalUnreadableError, {}],
    [200, 'no', PortalUnreadableError, {}],
    [200, {}, PortalUnreadableError, {}],
    [200, { access_token: 'a b' }, PortalUnreadableError, {}],
    [200, { access_token: 'T', token_type: 'mac' }, PortalUnreadableError, {}],
  ])('cannot be had from a %i with %j', async (status, body, expected, fields) => {
    const { portal, client } = await setUp({ token: reply(status, body, { 'retry-after': '7' }) });
    const failure = await failureOf(client.placeOrder(order));
    expect(failure).toBeInstanceOf(expected);
    expect(failure).toMatchObject({ status, ...fields });
    expect(failure.message).toContain('POST oauth/token');
    expect(portal.posts()).toEqual([]);
  });

  it('may have 8192 characters and no more', async () => {
    const longest = await setUp({ token: reply(200, { access_token: 'x'.repeat(8_192) }) });
    await longest.client.placeOrder(order);
    const { portal, client } = await setUp({ token: reply(200, { access_token: 'x'.repeat(8_193) }) });
    const failure = await failureOf(client.placeOrder(order));
    expect(failure).toBeInstanceOf(PortalUnreadableError);
    expect(failure.status).toBe(200);
    expect(failure.message).toBe('POST oauth/token: the access token is longer than 8192 characters');
    expect(portal.posts()).toEqual([]);
  });

  it('that are long are hidden wherever the portal repeats them', async () => {
    const token = 'abc+'.repeat(2_048);
    const { client } = await setUp({
      token: reply(200, { access_token: token }),
      post: reply(422, `${'x'.repeat(1_500)} ${token} ${encodeURIComponent(token)} end`),
    });
    const failure = await failureOf(client.placeOrder({ ...order, note: 'x'.repeat(1_500) }));
    expect(failure.portalMessage).toBe('[redacted] [redacted] [redacted] end');
  });

  it('that are refused are explained in the words of the token endpoint, without the secret', async () => {
    const body = { error: 'invalid_client', error_description: `unknown: ${credentials.clientSecret}` };
    const { client } = await setUp({ token: reply(401, body) });
    const failure = await failureOf(client.findSubscription(ids));
    expect(failure.portalMessage).toBe('unknown: [redacted]');
  });

  it('need credentials', async () => {
    const { portal, client } = await setUp({}, { credentials: async () => undefined });
    const failure = await failureOf(client.placeOrder(order));
    expect(failure).toBeInstanceOf(PortalUnauthorizedError);
    expect(failure).toMatchObject({ reason: 'no_credentials' });
    expect(failure.message).toContain('"PARTNER"');
    expect(portal.seen).toEqual([]);
  });

  it('are tried for again when the credentials could not be read', async () => {
    const unreadable = Object.assign(new Error('{"secret":"hunter2"} is no JSON'), { code: 'ENOENT' });
    const { client } = await setUp({}, { credentials: () => Promise.reject(unreadable) });
    const failure = await failureOf(client.placeOrder(order));
    expect(failure).toBeInstanceOf(PortalUnavailableError);
    expect(failure.code).toBe('ENOENT');
    expect(inspect(failure)).not.toContain('hunter2');
  });

  it('never leave for another origin', async () => {
    const other = await startPortal();
    const redirect = reply(307, '', { location: `${other.origin}${SUBSCRIPTIONS}` });
    const { client } = await setUp({ post: redirect, get: redirect });
    expect(await failureOf(client.placeOrder(order))).toBeInstanceOf(PortalOutcomeUnknownError);
    expect((await failureOf(client.findSubscription(ids))).message).toContain('redirect');
    const lost = await setUp({ token: redirect });
    expect(await failureOf(lost.client.placeOrder(order))).toBeInstanceOf(PortalUnreadableError);
    expect(other.seen).toEqual([]);
  });
});

describe('secrets and personal data', () => {
  it('are in no error, whatever the portal repeats', async () => {
    const secret = fc
      .string({ unit: 'grapheme-ascii', minLength: 8, maxLength: 40 })
      .filter((chosen) => /\w{4}/.test(chosen));
    const token = fc.stringMatching(/^[A-Za-z0-9\-._~+/]{12,40}$/);
    const status = fc.constantFrom(301, 400, 401, 403, 409, 422, 429, 500);
    const shape = fc.constantFrom<(echoed: string) => string>(
      (echoed) => echoed,
      (echoed) => JSON.stringify({ error: 'invalid', error_description: `bad ${echoed}!` }),
      (echoed) => JSON.stringify({ errors: { [echoed]: [echoed], base: [`<${echoed}>`] } }),
      (echoed) => JSON.stringify({ message: `${'x'.repeat(270)} ${echoed}` }),
    );
    let current: {
      secret: string;
      token: string;
      status: number;
      shape: (echoed: string) => string;
      atToken: boolean;
    } = {
      secret: '',
      token: '',
      status: 500,
      shape: String,
      atToken: false,
    };
    const echo: Route = (response, seen) =>
      reply(
        current.status,
        current.shape(`${current.secret} ${seen.body} ${seen.headers.authorization} ${current.token}`),
      )(response, seen);
    const portal = await startPortal({
      token: (response, seen) =>
        (current.atToken ? echo : reply(200, { access_token: current.token }))(response, seen),
      post: echo,
      get: echo,
    });
    await fc.assert(
      fc.asyncProperty(fc.record({ secret, token, status, shape, atToken: fc.boolean() }), async (given) => {
        current = given;
        const client = clientOf(portal.origin, {
          credentials: () => ({ clientId: 'id', clientSecret: given.secret }),
        });
        for (const call of [() => client.placeOrder(order), () => client.findSubscription(ids)]) {
          const failure = await failureOf(call());
          const shown = [
            inspect(failure, { depth: Infinity, showHidden: true }),
            JSON.stringify(failure),
            failure.message,
            failure.stack ?? '',
            inspect(client, { depth: 3 }),
          ].join('\n');
          const { portalMessage = '' } = failure;
          const encoded = new URLSearchParams([['', given.secret]]).toString().slice(1);
          const hidden = given.atToken ? [given.secret.trim(), encoded] : [given.token];
          for (const value of hidden) {
            expect(portalMessage).not.toContain(value);
            expect(shown).not.toContain(JSON.stringify(value).slice(1, -1));
          }
          expect(shown).not.toMatch(/Lovelace|ada@example|Example GmbH|Straße|PO-77/);
          expect(shown).not.toMatch(/authorization/i);
        }
        await client.close();
      }),
      { numRuns: 60 },
    );
  });
});

describe('a connection that fails', () => {
  it.each<[string, Route]>([
    ['is reset', ({ socket }) => socket?.resetAndDestroy()],
    ['is closed', ({ socket }) => socket?.end()],
    ['speaks no HTTP', raw('SMTP ready\r\n\r\n')],
    [
      'is reset within the headers',
      ({ socket }) => socket?.write('HTTP/1.1 200 OK\r\nA: ', () => socket.resetAndDestroy()),
    ],
  ])('when it %s: a POST is unknown, anything else repeatable', async (_what, fault) => {
    const { portal, client } = await setUp({ post: fault, get: fault });
    const post = await failureOf(client.placeOrder(order));
    expect(post).toBeInstanceOf(PortalOutcomeUnknownError);
    expect(post.status).toBeUndefined();
    expect(post.code).toMatch(/^\w+$/);
    expect(await failureOf(client.findSubscription(ids))).toBeInstanceOf(PortalUnavailableError);
    // Nothing is sent a second time on its own.
    expect([portal.posts().length, portal.gets().length]).toEqual([1, 1]);

    const without = await setUp({ token: fault });
    expect(await failureOf(without.client.placeOrder(order))).toBeInstanceOf(PortalUnavailableError);
    expect(without.portal.posts()).toEqual([]);
  });

  it('when it breaks within the body: the status counts, but no 2xx is believed', async () => {
    const success = await setUp({ post: broken(201), get: broken(200) });
    const unknown = await failureOf(success.client.placeOrder(order));
    expect(unknown).toBeInstanceOf(PortalOutcomeUnknownError);
    expect(unknown.status).toBe(201);
    expect(await failureOf(success.client.findSubscription(ids))).toBeInstanceOf(PortalUnavailableError);

    const refusal = await setUp({ post: broken(422), get: broken(404) });
    const refused = await failureOf(refusal.client.placeOrder(order));
    expect(refused).toBeInstanceOf(PortalRefusedError);
    expect(refused.status).toBe(422);
    expect(await refusal.client.findSubscription(ids)).toBeUndefined();
  });

  it('before the order could be sent: surely no order', async () => {
    const portal = await startPortal({
      token: (response, seen) => {
        portal.server.close();
        reply(200, { access_token: 'T' }, { connection: 'close' })(response, seen);
      },
    });
    const failure = await failureOf(clientOf(portal.origin).placeOrder(order));
    expect(failure).toBeInstanceOf(PortalUnavailableError);
    expect(failure.code).toBe('ECONNREFUSED');
    expect(failure.message).toBe('POST subscriptions: the portal could not be reached (ECONNREFUSED)');
  });

  it('in the TLS handshake: nothing was said', async () => {
    const received: Buffer[] = [];
    const plain = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (data) => {
        received.push(data);
        socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      });
    });
    await listen(plain);
    const client = clientOf(`https://127.0.0.1:${portOf(plain)}`);
    expect(await failureOf(client.placeOrder(order))).toBeInstanceOf(PortalUnavailableError);
    expect(received).toHaveLength(1);
    expect(Buffer.concat(received).toString()).not.toContain('client_');
  });

  it('because its name is unknown: surely no order', async () => {
    const client = clientOf('https://portal.invalid', { timeouts: { connectMs: 5_000 } });
    expect(await failureOf(client.placeOrder(order))).toBeInstanceOf(PortalUnavailableError);
  });
});

describe('time-outs', () => {
  it('end a connection that is not made', async () => {
    const { origin } = await startSilence();
    const client = clientOf(origin, { timeouts: { connectMs: 30 } });
    const failure = await failureOf(client.placeOrder(order));
    expect(failure).toBeInstanceOf(PortalUnavailableError);
    expect(failure.code).toBe('UND_ERR_CONNECT_TIMEOUT');
  });

  it.each<[string, Route]>([
    ['never come', () => {}],
    ['are preceded by 1xx without end', endless('', 'HTTP/1.1 102 Processing\r\n\r\n')],
    ['come in pieces without end', endless('HTTP/1.1 200 OK\r\nA: ', 'a')],
  ])('end headers that %s', async (_what, fault) => {
    const { client } = await setUp({ post: fault, get: fault }, { timeouts: { headersMs: 100 } });
    const post = await failureOf(client.placeOrder(order));
    expect(post).toBeInstanceOf(PortalOutcomeUnknownError);
    expect(post.code).toBe('UND_ERR_HEADERS_TIMEOUT');
    expect(await failureOf(client.findSubscription(ids))).toBeInstanceOf(PortalUnavailableError);
  });

  it('end a body that comes in pieces without end', async () => {
    const fault = endless('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '1\r\n \r\n');
    const { client } = await setUp({ post: fault, get: fault }, { timeouts: { bodyMs: 100 } });
    const post = await failureOf(client.placeOrder(order));
    expect(post).toBeInstanceOf(PortalOutcomeUnknownError);
    expect(post).toMatchObject({ status: 200, code: 'UND_ERR_BODY_TIMEOUT' });
    expect(await failureOf(client.findSubscription(ids))).toBeInstanceOf(PortalUnavailableError);
  });

  it('leave out what was given up before it was connected', async () => {
    const { server, origin } = await startSilence();
    const pool = new Pool(origin, { connect: { timeout: 60_000 } });
    cleanUps.push(() => pool.destroy());
    const abort = new AbortController();
    const call = {
      name: '',
      method: 'POST',
      path: '/',
      headers: {},
      hidden: { secrets: [], personal: [] },
    } as const;
    const times = { connectMs: 60_000, headersMs: 60_000, bodyMs: 60_000 };
    const outcome = exchange(pool, call, times, abort.signal);
    await once(server, 'connection');
    abort.abort();
    expect(await outcome).toEqual({ sent: false, code: 'UND_ERR_ABORTED' });
  });
});

describe('an answer that is too large', () => {
  it('is not read to its end', async () => {
    const { client } = await setUp({ post: large, get: large });
    const post = await failureOf(client.placeOrder(order));
    expect(post).toBeInstanceOf(PortalOutcomeUnknownError);
    expect(post.code).toBe('UND_ERR_RES_EXCEEDED_MAX_SIZE');
    expect(await failureOf(client.findSubscription(ids))).toBeInstanceOf(PortalUnreadableError);
    const without = await setUp({ token: large });
    expect(await failureOf(without.client.placeOrder(order))).toBeInstanceOf(PortalUnreadableError);
  });

  it('cannot be made by decompression', async () => {
    const { client } = await setUp({
      get: (response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"status":"Created"}'));
      },
    });
    expect(await failureOf(client.findSubscription(ids))).toBeInstanceOf(PortalUnreadableError);
  });

  it('is one of more than 1 MiB', async () => {
    const body = JSON.stringify({ status: 'Created', padding: '' });
    const { client } = await setUp({ get: reply(200, body.padEnd(2 ** 20)) });
    expect(await client.findSubscription(ids)).toEqual({ status: 'Created' });
  });
});

describe('an abort', () => {
  it('before the call sends nothing', async () => {
    const { portal, client } = await setUp();
    await client.fetchToken('PARTNER', SCOPES.create);
    await expect(client.placeOrder(order, { signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
    expect(portal.posts()).toEqual([]);
  });

  it('before the connection is made sends nothing, whenever it comes', async () => {
    // Closed after the token, so that the order needs a new connection: that takes longer than these steps.
    const { portal } = await setUp({ token: reply(200, { access_token: 'T' }, { connection: 'close' }) });
    for (let steps = 0; steps < 20; steps++) {
      const client = clientOf(portal.origin);
      await client.fetchToken('PARTNER', SCOPES.create);
      const abort = new AbortController();
      const placed = client.placeOrder(order, { signal: abort.signal }).catch((reason: unknown) => reason);
      for (let step = 0; step < steps; step++) await Promise.resolve();
      abort.abort('enough');
      expect(await placed).toBe('enough');
      await client.close();
    }
    expect(portal.posts()).toEqual([]);
  });

  it('in the middle of a POST leaves its outcome unknown', async () => {
    const arrived = gate();
    const { client } = await setUp({ post: () => arrived.open() });
    const abort = new AbortController();
    const failure = failureOf(client.placeOrder(order, { signal: abort.signal }));
    await arrived.opened;
    abort.abort('enough');
    expect(await failure).toBeInstanceOf(PortalOutcomeUnknownError);
  });

  it.each([
    ['before the headers', () => {}],
    ['within the body', (response: ServerResponse) => response.writeHead(200).flushHeaders()],
  ])('in the middle of a GET, %s, ends it with the reason', async (_when, begin) => {
    const arrived = gate();
    const { client } = await setUp({
      get: (response) => {
        begin(response);
        arrived.open();
      },
    });
    const abort = new AbortController();
    const found = client.findSubscription(ids, abort.signal).catch((reason: unknown) => reason);
    await arrived.opened;
    abort.abort('enough');
    expect(await found).toBe('enough');
  });

  it('between a refused token and the next try is no unknown outcome', async () => {
    const abort = new AbortController();
    const { portal, client } = await setUp({
      post: reply(401),
      token: (response, seen) => {
        if (portal.posts().length > 0) return abort.abort('enough');
        reply(200, { access_token: 'T' })(response, seen);
      },
    });
    await expect(client.placeOrder(order, { signal: abort.signal })).rejects.toBe('enough');
    expect(portal.posts()).toHaveLength(1);
  });
});

describe('an order that is abandoned', () => {
  /** Traffic in which an order waits until it is given up, or until `opened`. */
  const waitingFor = (opened: Promise<unknown>): PortalTraffic => ({
    admit: async ({ kind }, signal) => {
      if (kind === 'place') await Promise.race([opened, signal && once(signal, 'abort')]);
      return undefined;
    },
    completed: () => undefined,
  });

  it('while it waits for its turn, is not sent', async () => {
    const { portal, client } = await setUp({}, { traffic: waitingFor(new Promise(() => undefined)) });
    const abandon = new AbortController();
    const signals = { abandon: abandon.signal, signal: new AbortController().signal };
    const placing = client.placeOrder(order, signals).catch((reason: unknown) => reason);
    await eventually(() => portal.tokenRequests().length === 1 || undefined);
    abandon.abort('enough');
    expect(await placing).toBe('enough');
    expect(portal.posts()).toEqual([]);
  });

  it('while its token is fetched, is not sent', async () => {
    const asked = gate();
    const { portal, client } = await setUp({ token: () => asked.open() });
    const abandon = new AbortController();
    const placing = client.placeOrder(order, { abandon: abandon.signal }).catch((reason: unknown) => reason);
    await asked.opened;
    abandon.abort('enough');
    expect(await placing).toBe('enough');
    expect(portal.posts()).toEqual([]);
  });

  it('once it was sent, is seen through', async () => {
    const arrived = gate();
    const answer = gate();
    const { client } = await setUp({
      post: (response, seen) => {
        arrived.open();
        void answer.opened.then(() => reply(201, { subscriptionNumber: 'A-S00000007' })(response, seen));
      },
    });
    const abandon = new AbortController();
    const placing = client.placeOrder(order, { abandon: abandon.signal });
    await arrived.opened;
    abandon.abort('enough');
    answer.open();
    expect(await placing).toEqual({ subscriptionNumber: 'A-S00000007' });
  });

  it('before the connection is made sends nothing, whenever it comes', async () => {
    const { portal } = await setUp({ token: reply(200, { access_token: 'T' }, { connection: 'close' }) });
    for (let steps = 0; steps < 20; steps++) {
      const client = clientOf(portal.origin);
      await client.fetchToken('PARTNER', SCOPES.create);
      const abandon = new AbortController();
      const placed = client.placeOrder(order, { abandon: abandon.signal }).catch((reason: unknown) => reason);
      for (let step = 0; step < steps; step++) await Promise.resolve();
      abandon.abort('enough');
      expect(await placed).toBe('enough');
      await client.close();
    }
    expect(portal.posts()).toEqual([]);
  });
});

describe('trading partners that share a client', () => {
  const shared = { credentials: () => ({ clientId: 'ours', clientSecret: 's' }), clientIdOf: () => 'ours' };

  it('share its tokens, whatever IDs callers make up', async () => {
    const { portal, client } = await setUp({}, shared);
    for (let partner = 0; partner < 50; partner += 1) {
      await client.placeOrder({ ...order, tradingPartnerId: `made-up-${partner}` });
    }
    expect(portal.tokenRequests()).toHaveLength(1);
  });

  it('are told to those who pace calls as one client', async () => {
    const seen = new Set<string>();
    const traffic: PortalTraffic = {
      admit: async ({ clientId }) => void seen.add(clientId),
      completed: () => undefined,
    };
    const { client } = await setUp({}, { ...shared, traffic });
    for (const tradingPartnerId of ['A', 'B']) await client.placeOrder({ ...order, tradingPartnerId });
    expect([...seen]).toEqual(['ours']);
  });
});

describe('a trading partner', () => {
  it('that was removed orders no more, though its token is still good', async () => {
    const clients = new Map([['PARTNER', 'p']]);
    const { portal, client } = await setUp(
      {},
      {
        credentials: () => ({ clientId: 'p', clientSecret: 's' }),
        clientIdOf: (partner) => clients.get(partner),
      },
    );
    const mine = { ...order, tradingPartnerId: 'PARTNER' };
    await client.placeOrder(mine);
    clients.clear();
    expect(await failureOf(client.placeOrder(mine))).toMatchObject({ reason: 'no_credentials' });
    expect(portal.posts()).toHaveLength(1);
  });

  it('whose client changes gets a token of the new one, and none is kept under a wrong name', async () => {
    let clientId = 'old';
    let file = 'old';
    const { portal, client } = await setUp(
      {},
      { credentials: () => ({ clientId: file, clientSecret: 's' }), clientIdOf: () => clientId },
    );
    await client.placeOrder(order);
    // Replaced between the two looks at the file.
    file = 'new';
    clientId = 'other';
    expect(await failureOf(client.placeOrder(order))).toMatchObject({ code: 'CREDENTIALS_FILE' });
    clientId = 'new';
    await client.placeOrder(order);
    expect(portal.tokenRequests().map(({ body }) => new URLSearchParams(body).get('client_id'))).toEqual([
      'old',
      'new',
    ]);
  });
});

describe('a request that undici would write again', () => {
  it('is stopped, and its outcome is not known', async () => {
    const aborted: Error[] = [];
    class Repeating extends Dispatcher {
      override dispatch(_options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
        const controller = {
          aborted: false,
          paused: false,
          reason: null,
          pause() {},
          resume() {},
          abort(reason: Error) {
            aborted.push(reason);
            handler.onResponseError?.(controller, reason);
          },
        };
        handler.onRequestStart?.(controller, {});
        handler.onRequestStart?.(controller, {});
        return true;
      }
    }
    const call = {
      name: '',
      method: 'POST',
      path: '/',
      headers: {},
      hidden: { secrets: [], personal: [] },
    } as const;
    const times = { connectMs: 60_000, headersMs: 60_000, bodyMs: 60_000 };
    expect(await exchange(new Repeating(), call, times, undefined)).toMatchObject({ sent: true });
    expect(aborted).toHaveLength(1);
  });
});

describe('close', () => {
  it('waits for calls under way, and refuses later ones as surely not sent', async () => {
    const arrived = gate();
    const answer = gate();
    const { client } = await setUp({
      get: (response, seen) => {
        arrived.open();
        void answer.opened.then(() => reply(200, { status: 'Created' })(response, seen));
      },
    });
    const found = client.findSubscription(ids);
    await arrived.opened;
    const closed = client.close();
    expect(await failureOf(client.findSubscription(ids))).toBeInstanceOf(PortalUnavailableError);
    answer.open();
    expect(await found).toEqual({ status: 'Created' });
    await closed;
  });
});
