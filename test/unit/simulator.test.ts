import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { once } from 'node:events';
import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { SCOPES } from '../../src/contract/names.js';
import { DEMO_CLIENT } from '../../src/simulator/index.js';
import {
  askForToken,
  control,
  find,
  orderOf,
  PATH,
  place,
  START,
  statusOf,
  tokenFor,
  useSimulators,
} from '../helpers/simulator.js';

/** As they were before any simulator started. */
const native = { Request: globalThis.Request, Response: globalThis.Response };

const { clock, start } = useSimulators();

describe('POST /oauth/token', () => {
  test('answers as RFC 6749 §5.1 says, and no cache may keep it', async () => {
    const simulator = await start({ tokenLifetimeSeconds: 90 });
    const answer = await askForToken(simulator);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.json()).toEqual({
      access_token: expect.stringMatching(/^[\w-]{43}$/),
      token_type: 'Bearer',
      expires_in: 90,
      scope: SCOPES.read,
    });
  });

  test('gives another token each time', async () => {
    const simulator = await start();
    expect(await tokenFor(simulator, SCOPES.read)).not.toBe(await tokenFor(simulator, SCOPES.read));
  });

  test.each([
    { form: { scope: 'marketplace.order:delete' }, status: 400, error: 'invalid_scope' },
    { form: { scope: `${SCOPES.read} ${SCOPES.create}` }, status: 400, error: 'invalid_scope' },
    { form: { client_secret: 'wrong' }, status: 401, error: 'invalid_client' },
    { form: { client_id: 'nobody' }, status: 401, error: 'invalid_client' },
    { form: { grant_type: 'password' }, status: 400, error: 'unsupported_grant_type' },
    { form: { grant_type: '' }, status: 400, error: 'invalid_request' },
  ])('refuses $form with $status $error', async ({ form, status, error }) => {
    const simulator = await start();
    const answer = await askForToken(simulator, form);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({ error, error_description: expect.stringContaining(' ') });
  });

  test('takes a form only, and each parameter once', async () => {
    const simulator = await start();
    const form = `client_id=demo-client&client_secret=demo-secret&grant_type=client_credentials`;
    const post = (body: string, type: string): Promise<Response> =>
      fetch(`${simulator.url}/oauth/token`, { method: 'POST', body, headers: { 'content-type': type } });
    const formType = 'application/x-www-form-urlencoded';
    expect((await post(`${form}&scope=${SCOPES.read}`, formType)).status).toBe(200);
    const twice = await post(`${form}&scope=${SCOPES.read}&scope=${SCOPES.read}`, formType);
    expect(twice.status).toBe(400);
    expect(await twice.json()).toMatchObject({ error: 'invalid_request' });
    const json = await post(`${form}&scope=${SCOPES.read}`, 'application/json');
    expect(json.status).toBe(400);
    expect(await json.json()).toMatchObject({ error: 'invalid_request' });
  });

  test('gives a client no scope that it does not have', async () => {
    const client = { clientId: 'reader', clientSecret: DEMO_CLIENT.clientSecret, scopes: [SCOPES.read] };
    const simulator = await start({ clients: [client] });
    const ask = (scope: string): Promise<Response> => askForToken(simulator, { client_id: 'reader', scope });
    expect((await ask(SCOPES.read)).status).toBe(200);
    expect((await ask(SCOPES.create)).status).toBe(400);
  });
});

describe('access tokens', () => {
  test('the API wants one', async () => {
    const simulator = await start();
    const answer = await fetch(`${simulator.url}${PATH}/EXT-1`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  test('the API takes none that it did not issue', async () => {
    const simulator = await start();
    const answer = await find(simulator, 'EXT-1', 'made-up');
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  test('end by the clock', async () => {
    const simulator = await start({ tokenLifetimeSeconds: 60 });
    const token = await tokenFor(simulator, SCOPES.read);
    clock.now += 59_999;
    expect((await find(simulator, 'EXT-1', token)).status).toBe(404);
    clock.now += 1;
    expect((await find(simulator, 'EXT-1', token)).status).toBe(401);
  });

  test('are granted for another secret once an account was rotated; those of before stay good, or not', async () => {
    const simulator = await start();
    const { clientId } = DEMO_CLIENT;
    const before = await tokenFor(simulator, SCOPES.read);
    const change = (body: unknown) => control(simulator, 'PUT', `clients/${clientId}`, body);
    expect((await change({ clientSecret: 'new' })).status).toBe(204);
    expect((await askForToken(simulator)).status).toBe(401);
    expect((await askForToken(simulator, { client_secret: 'new' })).status).toBe(200);
    expect((await find(simulator, 'EXT-1', before)).status).toBe(404);
    await change({ clientSecret: 'newer', revoke: true });
    expect((await find(simulator, 'EXT-1', before)).status).toBe(401);
    expect((await change({ clientSecret: 7 })).status).toBe(400);
  });

  test('are granted to an account that was added, for its trading partners', async () => {
    const simulator = await start();
    const other = { client_id: 'other', client_secret: 'secret' };
    expect((await askForToken(simulator, other)).status).toBe(401);
    await control(simulator, 'PUT', 'clients/other', { clientSecret: 'secret', tradingPartnerIds: ['TP-2'] });
    const answer = await askForToken(simulator, { ...other, scope: SCOPES.create });
    const { access_token: token } = z.object({ access_token: z.string() }).parse(await answer.json());
    expect((await place(simulator, orderOf(), token)).status).toBe(403);
  });

  test('can be revoked, and new ones asked for', async () => {
    const simulator = await start();
    const token = await tokenFor(simulator, SCOPES.read);
    simulator.revokeTokens();
    expect((await find(simulator, 'EXT-1', token)).status).toBe(401);
    expect((await find(simulator, 'EXT-1')).status).toBe(404);
  });

  test('are all remembered, be they revoked or over, and told to no caller', async () => {
    const simulator = await start({ tokenLifetimeSeconds: 60 });
    const tokens = [await tokenFor(simulator, SCOPES.read), await tokenFor(simulator, SCOPES.create)];
    simulator.revokeTokens();
    clock.now += 60_000;
    expect(simulator.issuedTokens()).toEqual(tokens);
    const told = await Promise.all(
      ['journal', 'orders', 'faults'].map(async (path) => (await control(simulator, 'GET', path)).text()),
    );
    for (const token of tokens) expect(told.join('')).not.toContain(token);
  });

  test('are for one scope each', async () => {
    const simulator = await start();
    const read = await tokenFor(simulator, SCOPES.read);
    const create = await tokenFor(simulator, SCOPES.create);
    const placed = await place(simulator, orderOf(), read);
    expect(placed.status).toBe(403);
    expect(placed.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
    expect((await find(simulator, 'EXT-1', create)).status).toBe(403);
    expect(simulator.orders()).toEqual([]);
  });
});

describe('placing an order', () => {
  test('answers with its number, and keeps the body as it came', async () => {
    const simulator = await start();
    const answer = await place(simulator, orderOf());
    expect(answer.status).toBe(201);
    expect(await answer.json()).toEqual({
      externalSubscriptionId: 'EXT-1',
      subscriptionNumber: 'A-S00012345',
    });
    expect(simulator.orders()).toEqual([
      {
        externalSubscriptionId: 'EXT-1',
        tradingPartnerId: 'TP-1',
        subscriptionNumber: 'A-S00012345',
        body: orderOf(),
        createdAt: START,
      },
    ]);
  });

  test('numbers orders one after the other', async () => {
    const simulator = await start();
    await place(simulator, orderOf('EXT-1'));
    await place(simulator, orderOf('EXT-2'));
    expect(simulator.orders('EXT-2')).toMatchObject([{ subscriptionNumber: 'A-S00012346' }]);
    expect(simulator.orders()).toHaveLength(2);
  });

  test.each([
    { wrong: { externalSubscriptionId: ' ' }, message: "externalSubscriptionId can't be blank" },
    { wrong: { tradingPartnerId: 7 }, message: 'tradingPartnerId must be a string' },
    { wrong: { customer: undefined }, message: 'customer must be an object' },
    { wrong: { orderLines: [] }, message: "orderLines can't be empty" },
    {
      wrong: { orderLines: [{ productId: 'p', quantity: 0 }] },
      message: 'orderLines.0.quantity must be at least 1',
    },
    {
      wrong: { orderLines: [{ productId: 'p', quantity: 1.5 }] },
      message: 'orderLines.0.quantity must be a whole number',
    },
    {
      wrong: {
        customer: {
          companyName: 'C',
          contact: { firstName: 'A', lastName: 'L', email: 'nobody' },
          address: { country: 'DE' },
        },
      },
      message: 'customer.contact.email must be an e-mail address',
    },
  ])('is refused with 422: $message', async ({ wrong, message }) => {
    const simulator = await start();
    const answer = await place(simulator, { ...orderOf(), ...wrong });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toEqual({ error: expect.any(String), errors: [message] });
    expect(simulator.orders()).toEqual([]);
  });

  test('is refused with 400 when the body is no JSON', async () => {
    const simulator = await start();
    const authorization = `Bearer ${await tokenFor(simulator, SCOPES.create)}`;
    const post = (body: string, type: string): Promise<Response> =>
      fetch(`${simulator.url}${PATH}`, {
        method: 'POST',
        headers: { authorization, 'content-type': type },
        body,
      });
    expect((await post('{"externalSub', 'application/json')).status).toBe(400);
    expect((await post(JSON.stringify(orderOf()), 'text/plain')).status).toBe(400);
    expect(simulator.orders()).toEqual([]);
  });

  test('is refused with 413 when the body is too large', async () => {
    const simulator = await start();
    const answer = await place(simulator, { ...orderOf(), notes: 'x'.repeat(1_100_000) });
    expect(answer.status).toBe(413);
    expect(simulator.journal.at(-1)).toMatchObject({ call: 'place', status: 413, committed: false });
    expect((await place(simulator, { ...orderOf(), notes: 'x'.repeat(900_000) })).status).toBe(201);
  });

  test('may come in chunks of unknown length', async () => {
    const simulator = await start();
    const sent = request(`${simulator.url}${PATH}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await tokenFor(simulator, SCOPES.create)}`,
        'content-type': 'application/json',
        'transfer-encoding': 'chunked',
      },
    });
    const text = Buffer.from(JSON.stringify(orderOf('EXT-ü')));
    const middle = text.indexOf('ü') + 1;
    sent.write(text.subarray(0, middle));
    sent.end(text.subarray(middle));
    const [answer] = await once(sent, 'response');
    expect(answer).toMatchObject({ statusCode: 201 });
    expect(simulator.orders('EXT-ü')).toHaveLength(1);
  });

  test('is refused with 403 for a trading partner that is not permitted', async () => {
    const simulator = await start({ permittedTradingPartners: ['TP-2'] });
    const answer = await place(simulator, orderOf());
    expect(answer.status).toBe(403);
    expect(await answer.json()).toEqual({ error: expect.stringContaining('TP-1') });
    expect((await place(simulator, { ...orderOf(), tradingPartnerId: 'TP-2' })).status).toBe(201);
  });

  test.each([
    { secondPost: undefined, status: 422, orders: 1 },
    { secondPost: '422', status: 422, orders: 1 },
    { secondPost: '409', status: 409, orders: 1 },
    { secondPost: 'duplicate', status: 201, orders: 2 },
  ] as const)('twice, with secondPost $secondPost: $status', async ({ secondPost, status, orders }) => {
    const simulator = await start(secondPost === undefined ? {} : { secondPost });
    expect((await place(simulator, orderOf())).status).toBe(201);
    expect((await place(simulator, orderOf())).status).toBe(status);
    expect(simulator.orders('EXT-1')).toHaveLength(orders);
    expect(simulator.journal.filter(({ committed }) => committed)).toHaveLength(orders);
  });

  test('many times at once commits one order, with a clock that takes its time', async () => {
    const simulator = await start({ now: () => Promise.resolve(clock.now) });
    const token = await tokenFor(simulator, SCOPES.create);
    const answers = await Promise.all(Array.from({ length: 8 }, () => place(simulator, orderOf(), token)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(simulator.orders()).toHaveLength(1);
  });

  test('of the product refuse-me is refused with 422 and a message', async () => {
    const simulator = await start();
    const answer = await place(simulator, orderOf('EXT-1', 'refuse-me'));
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ error: expect.stringContaining('refuse-me') });
    expect(simulator.orders()).toEqual([]);
  });
});

describe('the status of a subscription', () => {
  test('is 404 when there is none', async () => {
    const simulator = await start();
    const answer = await find(simulator, 'EXT-1');
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({ error: 'Subscription not found.' });
  });

  test.each([
    { product: 'p', statuses: ['Creating', 'Created', 'Provisioned'] },
    { product: 'never-provisions', statuses: ['Creating', 'Created', 'Created'] },
    { product: 'fails', statuses: ['Creating', 'Failed', 'Failed'] },
  ])('goes on with the clock: $product is $statuses', async ({ product, statuses }) => {
    const simulator = await start({ progress: { creatingMs: 1_000, createdMs: 10_000 } });
    await place(simulator, orderOf('EXT-1', product));
    const answer = await find(simulator, 'EXT-1');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      externalSubscriptionId: 'EXT-1',
      subscriptionNumber: 'A-S00012345',
      status: statuses[0],
    });
    clock.now = START + 999;
    expect(await statusOf(simulator, 'EXT-1')).toBe(statuses[0]);
    clock.now = START + 1_000;
    expect(await statusOf(simulator, 'EXT-1')).toBe(statuses[1]);
    clock.now = START + 10_999;
    expect(await statusOf(simulator, 'EXT-1')).toBe(statuses[1]);
    clock.now = START + 11_000;
    expect(await statusOf(simulator, 'EXT-1')).toBe(statuses[2]);
  });

  test('stays as it was set, be it unknown or set before the order', async () => {
    const simulator = await start();
    simulator.setStatus('EXT-2', 'Failed');
    await place(simulator, orderOf('EXT-1'));
    await place(simulator, orderOf('EXT-2'));
    simulator.setStatus('EXT-1', 'On hold');
    clock.now += 1_000_000;
    expect(await statusOf(simulator, 'EXT-1')).toBe('On hold');
    expect(await statusOf(simulator, 'EXT-2')).toBe('Failed');
    expect(simulator.orders('EXT-1')).toMatchObject([{ statusOverride: 'On hold' }]);
  });

  test.each(['a/b', '100%', '%2F', 'a?b#c', 'a b+c', 'ü:é', 'a%20b', '..x'])(
    'is found for the ID %s',
    async (id) => {
      const simulator = await start();
      await place(simulator, orderOf(id));
      const answer = await find(simulator, id);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ externalSubscriptionId: id });
    },
  );
});

test('a client acts for its own trading partners only, and sees no other orders', async () => {
  const clientSecret = DEMO_CLIENT.clientSecret;
  const simulator = await start({
    clients: [
      { clientId: 'one', clientSecret, tradingPartnerIds: ['TP-1'] },
      { clientId: 'two', clientSecret, tradingPartnerIds: ['TP-2'] },
    ],
  });
  const one = await tokenFor(simulator, SCOPES.create, 'one');
  const two = await tokenFor(simulator, SCOPES.create, 'two');
  expect((await place(simulator, orderOf(), two)).status).toBe(403);
  expect((await place(simulator, orderOf(), one)).status).toBe(201);
  expect((await find(simulator, 'EXT-1', await tokenFor(simulator, SCOPES.read, 'one'))).status).toBe(200);
  expect((await find(simulator, 'EXT-1', await tokenFor(simulator, SCOPES.read, 'two'))).status).toBe(404);
  const other = { ...orderOf(), tradingPartnerId: 'TP-2' };
  expect((await place(simulator, other, two)).status).toBe(201);
  expect(simulator.journal.at(-1)).toMatchObject({ clientId: 'two', tradingPartnerId: 'TP-2' });
});

describe('the journal', () => {
  test('has every call in order, with what it was about and what came of it', async () => {
    const simulator = await start();
    await place(simulator, orderOf());
    clock.now += 5;
    await find(simulator, 'EXT-2');
    await fetch(`${simulator.url}/favicon.ico`);
    const demo = { clientId: DEMO_CLIENT.clientId };
    const ids = { externalSubscriptionId: 'EXT-1', tradingPartnerId: 'TP-1' };
    expect(simulator.journal).toEqual([
      { at: START, call: 'token', status: 200, scope: SCOPES.create, ...demo },
      { at: START, call: 'place', status: 201, committed: true, scope: SCOPES.create, ...ids, ...demo },
      { at: START + 5, call: 'token', status: 200, scope: SCOPES.read, ...demo },
      {
        at: START + 5,
        call: 'find',
        status: 404,
        externalSubscriptionId: 'EXT-2',
        scope: SCOPES.read,
        ...demo,
      },
      { at: START + 5, call: 'other', status: 404 },
    ]);
  });

  test('has no secrets and nothing of the customer', async () => {
    const simulator = await start();
    const token = await tokenFor(simulator, SCOPES.create);
    await place(simulator, orderOf(), token);
    const journal = JSON.stringify(simulator.journal);
    expect(journal).toContain('EXT-1');
    for (const secret of [token, DEMO_CLIENT.clientSecret, 'Ada', 'Example GmbH']) {
      expect(journal).not.toContain(secret);
    }
  });
});

describe('the server', () => {
  test('listens on 127.0.0.1 and names its port', async () => {
    const simulator = await start();
    expect(simulator.url).toBe(`http://127.0.0.1:${simulator.port}`);
  });

  test('listens on no other address of this machine', async () => {
    const { port } = await start();
    const own = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
    const others = own.filter(({ internal, family }) => !internal && family === 'IPv4');
    const reached = await Promise.all(
      ['::1', ...others.map(({ address }) => address)].map(async (address) => {
        const socket = connect(port, address);
        const connected = await once(socket, 'connect').then(
          () => [address],
          () => [],
        );
        socket.destroy();
        return connected;
      }),
    );
    expect(reached.flat()).toEqual([]);
  });

  test('says so when its port is taken', async () => {
    const { port } = await start();
    await expect(start({ port })).rejects.toThrow('EADDRINUSE');
  });

  test('when closed ends open sockets, a second time too, and the port is free again', async () => {
    const simulator = await start();
    const socket = connect(simulator.port, '127.0.0.1');
    await once(socket, 'connect');
    await fetch(`${simulator.url}/`);
    const closed = once(socket, 'close');
    socket.resume();
    await simulator.close();
    await closed;
    await simulator.close();
    expect((await start({ port: simulator.port })).port).toBe(simulator.port);
  });

  test('leaves the global Request and Response alone', async () => {
    await start();
    expect(globalThis.Request).toBe(native.Request);
    expect(globalThis.Response).toBe(native.Response);
  });
});
