import { EventEmitter, once } from 'node:events';
import { request } from 'node:http';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { SCOPES } from '../../src/contract/names.js';
import type { Fault } from '../../src/simulator/index.js';
import {
  askForToken,
  find,
  orderOf,
  outcome,
  PATH,
  place,
  placeAndHangUp,
  START,
  statusOf,
  tokenFor,
  useSimulators,
} from '../helpers/simulator.js';

const { clock, start } = useSimulators();

const answer503 = { do: 'answer', when: 'before', status: 503 } as const;

describe('a drop', () => {
  test.each([
    { when: 'before', committed: false, second: 201 },
    { when: 'after', committed: true, second: 422 },
  ] as const)('$when the commit loses the connection', async ({ when, committed, second }) => {
    const simulator = await start({ faults: [{ call: 'place', then: { do: 'drop', when } }] });
    expect(await outcome(place(simulator))).toBe('lost');
    expect(simulator.journal.at(-1)).toMatchObject({ status: 'dropped', committed, fault: `drop ${when}` });
    expect(simulator.orders()).toHaveLength(committed ? 1 : 0);
    expect(await outcome(place(simulator))).toBe(second);
    expect(simulator.orders()).toHaveLength(1);
  });

  test('is there for every call', async () => {
    const simulator = await start();
    simulator.addFault({ call: 'token', then: { do: 'drop', when: 'after' } });
    expect(await outcome(askForToken(simulator))).toBe('lost');
    simulator.addFault({ call: 'find', then: { do: 'drop', when: 'before' } });
    expect(await outcome(find(simulator))).toBe('lost');
    expect(await outcome(find(simulator))).toBe(404);
  });
});

describe('an answer', () => {
  test('before the commit takes the place of the work', async () => {
    const then = { ...answer503, headers: { 'Retry-After': '7' }, body: { error: 'maintenance' } };
    const simulator = await start({ faults: [{ call: 'place', then }] });
    const answer = await place(simulator);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('7');
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toEqual({ error: 'maintenance' });
    expect(simulator.orders()).toEqual([]);
    expect(simulator.journal.at(-1)).toMatchObject({
      status: 503,
      committed: false,
      fault: 'answer 503 before',
    });
  });

  test('after the commit takes the place of the answer, which may be no JSON at all', async () => {
    const then = {
      do: 'answer',
      when: 'after',
      status: 201,
      body: '<html>',
      contentType: 'text/html',
    } as const;
    const simulator = await start({ faults: [{ call: 'place', then }] });
    const answer = await place(simulator);
    expect(answer.headers.get('content-type')).toBe('text/html');
    expect(await answer.text()).toBe('<html>');
    expect(simulator.orders()).toHaveLength(1);
    expect(simulator.journal.at(-1)).toMatchObject({ status: 201, committed: true });
  });

  test.each([
    { status: 204, body: 'not sent', text: '' },
    { status: 500, body: undefined, text: '' },
    { status: 200, body: 'text', text: 'text' },
    { status: 200, body: null, text: 'null' },
    { status: 200, body: [1], text: '[1]' },
  ])('has the body $body with $status', async ({ status, body, text }) => {
    const simulator = await start();
    simulator.addFault({ call: 'find', then: { do: 'answer', when: 'before', status, body } });
    const answer = await find(simulator);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toBe(text);
  });

  test('may be a redirect', async () => {
    const headers = { location: 'http://127.0.0.1:9/elsewhere' };
    const simulator = await start({
      faults: [{ call: 'token', then: { do: 'answer', when: 'before', status: 307, headers } }],
    });
    const answer = await fetch(`${simulator.url}/oauth/token`, { method: 'POST', redirect: 'manual' });
    expect(answer.status).toBe(307);
    expect(answer.headers.get('location')).toBe(headers.location);
  });
});

describe('a delay', () => {
  test('before the commit lets it come after the caller has given up', async () => {
    // The clock is what holds the commit back here, so that the test need not be faster than the delay.
    const gate = new EventEmitter();
    const released = once(gate, 'open').then(() => clock.now);
    const simulator = await start({
      now: () => (simulator.journal.at(-1)?.call === 'place' ? released : clock.now),
      faults: [{ call: 'place', then: { do: 'delay', when: 'before', ms: 1 } }],
    });
    await placeAndHangUp(simulator, () => simulator.journal.at(-1)?.fault === 'delay 1 ms before');
    expect(simulator.orders()).toEqual([]);
    gate.emit('open');
    await vi.waitUntil(() => simulator.orders().length === 1, { timeout: 20_000 });
    expect(simulator.journal.at(-1)).toMatchObject({ call: 'place', committed: true });
  });

  test('after the commit leaves the order there and the call pending', async () => {
    const faults: Fault[] = [{ call: 'place', then: { do: 'delay', when: 'after', ms: 600_000 } }];
    const simulator = await start({ faults });
    await placeAndHangUp(simulator, () => simulator.orders().length === 1);
    expect(simulator.journal.at(-1)).toMatchObject({ call: 'place', status: 'pending', committed: true });
  });

  test('ends with the simulator, and commits nothing', async () => {
    const faults: Fault[] = [{ call: 'place', then: { do: 'delay', when: 'before', ms: 600_000 } }];
    const simulator = await start({ faults });
    const call = outcome(place(simulator));
    await vi.waitUntil(() => simulator.journal.at(-1)?.fault !== undefined, { timeout: 20_000 });
    await simulator.close();
    expect(await call).toBe('lost');
    await vi.waitUntil(() => simulator.journal.at(-1)?.status === 'dropped', { timeout: 20_000 });
    expect(simulator.orders()).toEqual([]);
  });

  test('is followed by the usual answer', async () => {
    const simulator = await start({
      faults: [{ call: 'place', then: { do: 'delay', when: 'after', ms: 1 } }],
    });
    expect(await outcome(place(simulator))).toBe(201);
  });
});

describe('hiding', () => {
  test('a placed order is lag: GET says 404 for so long, POST knows it', async () => {
    const simulator = await start({ faults: [{ call: 'place', then: { do: 'hide', forMs: 60_000 } }] });
    expect(await outcome(place(simulator))).toBe(201);
    clock.now = START + 59_999;
    expect(await outcome(find(simulator))).toBe(404);
    expect(await outcome(place(simulator))).toBe(422);
    clock.now = START + 60_000;
    expect(await outcome(find(simulator))).toBe(200);
  });

  test('an order asked for begins with that call', async () => {
    const simulator = await start();
    await place(simulator);
    clock.now = START + 1_000;
    simulator.addFault({ call: 'find', skip: 1, then: { do: 'hide', forMs: 5_000 } });
    expect(await outcome(find(simulator))).toBe(200);
    expect(await outcome(find(simulator))).toBe(404);
    clock.now = START + 5_999;
    expect(await outcome(find(simulator))).toBe(404);
    clock.now = START + 6_000;
    expect(await outcome(find(simulator))).toBe(200);
  });

  test('goes together with a drop', async () => {
    const simulator = await start();
    simulator.addFault({
      call: 'place',
      then: [
        { do: 'hide', forMs: 60_000 },
        { do: 'drop', when: 'after' },
      ],
    });
    expect(await outcome(place(simulator))).toBe('lost');
    expect(simulator.journal.at(-1)).toMatchObject({
      committed: true,
      fault: 'hide for 60000 ms + drop after',
    });
    expect(await outcome(find(simulator))).toBe(404);
    clock.now = START + 60_000;
    expect(await outcome(find(simulator))).toBe(200);
  });
});

describe('revoking', () => {
  test('before a call answers it 401, and takes all other tokens with it', async () => {
    const simulator = await start({ faults: [{ call: 'place', then: { do: 'revoke', when: 'before' } }] });
    const other = await tokenFor(simulator, SCOPES.read);
    const answer = await place(simulator);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(simulator.orders()).toEqual([]);
    expect(simulator.journal.at(-1)).toMatchObject({
      status: 401,
      committed: false,
      scope: SCOPES.create,
      fault: 'revoke before',
    });
    expect(await outcome(find(simulator, 'EXT-1', other))).toBe(401);
    expect(await outcome(place(simulator))).toBe(201);
  });

  test('after a call lets it through', async () => {
    const simulator = await start({ faults: [{ call: 'place', then: { do: 'revoke', when: 'after' } }] });
    const token = await tokenFor(simulator, SCOPES.create);
    expect(await outcome(place(simulator, orderOf('EXT-1'), token))).toBe(201);
    expect(simulator.journal.at(-1)).toMatchObject({ committed: true, fault: 'revoke after' });
    expect(await outcome(place(simulator, orderOf('EXT-2'), token))).toBe(401);
  });

  test.each([
    { when: 'before', good: 404 },
    { when: 'after', good: 401 },
  ] as const)('$when a token leaves the earlier ones dead, and its own $good', async ({ when, good }) => {
    const simulator = await start();
    const earlier = await tokenFor(simulator, SCOPES.read);
    simulator.addFault({ call: 'token', then: { do: 'revoke', when } });
    const token = await tokenFor(simulator, SCOPES.read);
    expect(await outcome(find(simulator, 'EXT-1', earlier))).toBe(401);
    expect(await outcome(find(simulator, 'EXT-1', token))).toBe(good);
    expect(simulator.issuedTokens()).toEqual([earlier, token]);
  });

  test('goes together with a drop', async () => {
    const simulator = await start();
    const then: Fault['then'] = [
      { do: 'revoke', when: 'after' },
      { do: 'drop', when: 'after' },
    ];
    simulator.addFault({ call: 'place', then });
    const token = await tokenFor(simulator, SCOPES.create);
    expect(await outcome(place(simulator, orderOf(), token))).toBe('lost');
    expect(simulator.orders()).toHaveLength(1);
    expect(await outcome(place(simulator, orderOf(), token))).toBe(401);
  });
});

describe('a status', () => {
  test('is said in one answer, be it backwards or unknown to the portal', async () => {
    const simulator = await start({
      progress: { creatingMs: 0, createdMs: 0 },
      faults: [
        { call: 'find', skip: 1, then: { do: 'status', status: 'Creating' } },
        { call: 'find', skip: 2, then: { do: 'status', status: 'On hold' } },
      ],
    });
    await place(simulator);
    const statuses = [];
    for (let call = 0; call < 4; call += 1) statuses.push(await statusOf(simulator));
    expect(statuses).toEqual(['Provisioned', 'Creating', 'On hold', 'Provisioned']);
    expect(simulator.journal.filter(({ call }) => call === 'find').map(({ fault }) => fault)).toEqual([
      undefined,
      'status Creating',
      'status On hold',
      undefined,
    ]);
    expect(simulator.orders()).toEqual([expect.not.objectContaining({ statusOverride: expect.anything() })]);
  });

  test('goes before the one that was set', async () => {
    const simulator = await start({ faults: [{ call: 'find', then: { do: 'status', status: 'Created' } }] });
    await place(simulator);
    simulator.setStatus('EXT-1', 'Failed');
    expect([await statusOf(simulator), await statusOf(simulator)]).toEqual(['Created', 'Failed']);
  });

  test('is said of no order that is not found', async () => {
    const simulator = await start({ faults: [{ call: 'find', then: { do: 'status', status: 'Created' } }] });
    expect(await outcome(find(simulator))).toBe(404);
  });
});

describe('a skew', () => {
  test('ends a token earlier than it says', async () => {
    const simulator = await start({
      tokenLifetimeSeconds: 60,
      faults: [{ call: 'token', then: { do: 'skew', ms: 45_000 } }],
    });
    const answer = await askForToken(simulator);
    const { access_token: token } = z
      .object({ access_token: z.string(), expires_in: z.literal(60) })
      .parse(await answer.json());
    expect(simulator.journal.at(-1)).toMatchObject({ status: 200, fault: 'skew 45000 ms' });
    clock.now = START + 14_999;
    expect(await outcome(find(simulator, 'EXT-1', token))).toBe(404);
    clock.now = START + 15_000;
    expect(await outcome(find(simulator, 'EXT-1', token))).toBe(401);
  });

  test('may be so long that the token never was good, and is for one token', async () => {
    const simulator = await start({ faults: [{ call: 'token', then: { do: 'skew', ms: 1e9 } }] });
    expect(await outcome(find(simulator))).toBe(401);
    expect(await outcome(find(simulator))).toBe(404);
  });
});

test('a caller that hangs up half-way through its body has placed nothing', async () => {
  const simulator = await start();
  const authorization = `Bearer ${await tokenFor(simulator, SCOPES.create)}`;
  const headers = { authorization, 'content-type': 'application/json', 'content-length': '5000' };
  const sent = request(`${simulator.url}${PATH}`, { method: 'POST', headers });
  const lost = once(sent, 'response').catch((error: unknown) => error);
  sent.write(JSON.stringify(orderOf()));
  await vi.waitUntil(() => simulator.journal.at(-1)?.call === 'place', { timeout: 20_000 });
  sent.destroy();
  expect(await lost).toBeInstanceOf(Error);
  await vi.waitUntil(() => simulator.journal.at(-1)?.status !== 'pending', { timeout: 20_000 });
  expect(simulator.journal.at(-1)).toMatchObject({ status: 'dropped', committed: false });
});
