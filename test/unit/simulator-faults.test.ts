import { EventEmitter, once } from 'node:events';
import { request } from 'node:http';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { SCOPES, type Scope } from '../../src/contract/names.js';
import {
  DEMO_CLIENT,
  faultSchema,
  startSimulator,
  type Fault,
  type Simulator,
  type SimulatorOptions,
} from '../../src/simulator/index.js';

const PATH = '/api/v1/marketplace/subscriptions';
const START = Date.UTC(2026, 0, 1);

let clock = START;
let running: Simulator[] = [];

afterEach(async () => {
  await Promise.all(running.map((simulator) => simulator.close()));
  running = [];
  clock = START;
});

async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ now: () => clock, ...options });
  running.push(simulator);
  return simulator;
}

function askForToken({ url }: Simulator, scope: Scope): Promise<Response> {
  const body = new URLSearchParams({
    client_id: DEMO_CLIENT.clientId,
    client_secret: DEMO_CLIENT.clientSecret,
    grant_type: 'client_credentials',
    scope,
  });
  return fetch(`${url}/oauth/token`, { method: 'POST', body });
}

async function bearer(simulator: Simulator, scope: Scope): Promise<string> {
  const answer = await askForToken(simulator, scope);
  return `Bearer ${z.object({ access_token: z.string() }).parse(await answer.json()).access_token}`;
}

async function place(simulator: Simulator, id = 'EXT-1'): Promise<Response> {
  const authorization = await bearer(simulator, SCOPES.create);
  return fetch(`${simulator.url}${PATH}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: orderOf(id),
  });
}

async function find(simulator: Simulator, id = 'EXT-1'): Promise<Response> {
  const authorization = await bearer(simulator, SCOPES.read);
  return fetch(`${simulator.url}${PATH}/${encodeURIComponent(id)}`, { headers: { authorization } });
}

/** What became of a call: its HTTP status, or `lost`. */
async function outcome(call: Promise<Response>): Promise<number | 'lost'> {
  try {
    return (await call).status;
  } catch {
    return 'lost';
  }
}

function orderOf(id: string): string {
  return JSON.stringify({
    externalSubscriptionId: id,
    tradingPartnerId: 'TP-1',
    customer: {
      companyName: 'Example GmbH',
      contact: { firstName: 'Ada', lastName: 'Lovelace', email: 'ada@example.com' },
      address: { country: 'DE' },
    },
    orderLines: [{ productId: 'p', quantity: 1 }],
  });
}

/** Sends an order and hangs up as soon as `until` is so. */
async function placeAndHangUp(simulator: Simulator, until: () => boolean): Promise<void> {
  const authorization = await bearer(simulator, SCOPES.create);
  const headers = { authorization, 'content-type': 'application/json' };
  const sent = request(`${simulator.url}${PATH}`, { method: 'POST', headers });
  const lost = once(sent, 'response').catch((error: unknown) => error);
  sent.end(orderOf('EXT-1'));
  await vi.waitUntil(until, { timeout: 20_000, interval: 5 });
  sent.destroy();
  expect(await lost).toBeInstanceOf(Error);
}

function answering(status: number): Fault['then'] {
  return { do: 'answer', when: 'before', status };
}

function control({ url }: Simulator, method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(`${url}/_simulator/${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

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
    expect(await outcome(askForToken(simulator, SCOPES.read))).toBe('lost');
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
    const released = once(gate, 'open').then(() => clock);
    const simulator = await start({
      now: () => (simulator.journal.at(-1)?.call === 'place' ? released : clock),
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
    clock = START + 59_999;
    expect(await outcome(find(simulator))).toBe(404);
    expect(await outcome(place(simulator))).toBe(422);
    clock = START + 60_000;
    expect(await outcome(find(simulator))).toBe(200);
  });

  test('an order asked for begins with that call', async () => {
    const simulator = await start();
    await place(simulator);
    clock = START + 1_000;
    simulator.addFault({ call: 'find', skip: 1, then: { do: 'hide', forMs: 5_000 } });
    expect(await outcome(find(simulator))).toBe(200);
    expect(await outcome(find(simulator))).toBe(404);
    clock = START + 5_999;
    expect(await outcome(find(simulator))).toBe(404);
    clock = START + 6_000;
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
    clock = START + 60_000;
    expect(await outcome(find(simulator))).toBe(200);
  });
});

describe('a fault is for', () => {
  test('its call only', async () => {
    const simulator = await start({ faults: [{ call: 'place', then: answer503 }] });
    expect(await outcome(askForToken(simulator, SCOPES.read))).toBe(200);
    expect(await outcome(find(simulator))).toBe(404);
    expect(await outcome(place(simulator))).toBe(503);
  });

  test.each([
    { pattern: 'EXT-*', hit: ['EXT-', 'EXT-1/2'], missed: ['AEXT-1', 'ext-1'] },
    { pattern: 'EXT-?', hit: ['EXT-1'], missed: ['EXT-', 'EXT-12'] },
    { pattern: 'a.b(c)', hit: ['a.b(c)'], missed: ['axb(c)', 'a.bc'] },
    { pattern: String.raw`/^EXT-\d+$/`, hit: ['EXT-12'], missed: ['EXT-', 'EXT-x'] },
    { pattern: '/1/', hit: ['EXT-1', '10'], missed: ['EXT-2'] },
  ])('the orders that $pattern names', async ({ pattern, hit, missed }) => {
    const simulator = await start();
    simulator.addFault({
      call: 'find',
      externalSubscriptionId: pattern,
      times: 'always',
      then: answer503,
    });
    const seen = async (id: string): Promise<unknown> => [id, await outcome(find(simulator, id))];
    expect(await Promise.all(hit.map(seen))).toEqual(hit.map((id) => [id, 503]));
    expect(await Promise.all(missed.map(seen))).toEqual(missed.map((id) => [id, 404]));
  });

  test('one call, unless it says otherwise', async () => {
    const simulator = await start({ faults: [{ call: 'find', then: answer503 }] });
    expect(await outcome(find(simulator))).toBe(503);
    expect(await outcome(find(simulator))).toBe(404);
  });

  test('so many calls, after so many', async () => {
    const simulator = await start({ faults: [{ call: 'find', skip: 1, times: 2, then: answer503 }] });
    const outcomes = [];
    for (let call = 0; call < 4; call += 1) outcomes.push(await outcome(find(simulator)));
    expect(outcomes).toEqual([404, 503, 503, 404]);
  });

  test('all calls, until it is cleared', async () => {
    const simulator = await start({ faults: [{ call: 'find', times: Infinity, then: answer503 }] });
    for (let call = 0; call < 3; call += 1) expect(await outcome(find(simulator))).toBe(503);
    simulator.clearFaults();
    expect(await outcome(find(simulator))).toBe(404);
  });

  test('a call that no earlier one takes, so that a list is a script', async () => {
    const simulator = await start({
      faults: [
        { call: 'find', then: answering(500) },
        { call: 'find', then: answering(429) },
        { call: 'find', skip: 3, then: answering(502) },
      ],
    });
    const outcomes = [];
    for (let call = 0; call < 5; call += 1) outcomes.push(await outcome(find(simulator)));
    expect(outcomes).toEqual([500, 429, 404, 502, 404]);
  });
});

test('a caller that hangs up half-way through its body has placed nothing', async () => {
  const simulator = await start();
  const authorization = await bearer(simulator, SCOPES.create);
  const headers = { authorization, 'content-type': 'application/json', 'content-length': '5000' };
  const sent = request(`${simulator.url}${PATH}`, { method: 'POST', headers });
  const lost = once(sent, 'response').catch((error: unknown) => error);
  sent.write(orderOf('EXT-1'));
  await vi.waitUntil(() => simulator.journal.at(-1)?.call === 'place', { timeout: 20_000 });
  sent.destroy();
  expect(await lost).toBeInstanceOf(Error);
  await vi.waitUntil(() => simulator.journal.at(-1)?.status !== 'pending', { timeout: 20_000 });
  expect(simulator.journal.at(-1)).toMatchObject({ status: 'dropped', committed: false });
});

test.each([
  { call: 'other', then: answer503 },
  { call: 'find' },
  { call: 'find', then: { do: 'explode' } },
  { call: 'find', then: [] },
  { call: 'find', then: { do: 'drop' } },
  { call: 'find', then: { ...answer503, status: 99 } },
  { call: 'find', then: { ...answer503, headers: { 'not a name': 'x' } } },
  { call: 'find', then: { do: 'delay', when: 'before', ms: -1 } },
  { call: 'find', then: answer503, times: 0 },
  { call: 'find', then: answer503, skip: -1 },
  { call: 'find', then: answer503, externalSubscriptionId: '/(/' },
  { call: 'find', then: answer503, unknown: true },
  { call: 'token', then: answer503, externalSubscriptionId: 'EXT-1' },
  { call: 'token', then: { do: 'hide', forMs: 1 } },
])('not a fault: %j', async (fault) => {
  expect(faultSchema.safeParse(fault).success).toBe(false);
  const simulator = await start();
  const answer = await fetch(`${simulator.url}/_simulator/faults`, {
    method: 'POST',
    body: JSON.stringify(fault),
  });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toEqual({ error: expect.stringContaining(' ') });
});

test('a wrong fault is refused in code too, before the simulator listens', async () => {
  const wrong: Fault = { call: 'find', times: -1, then: answer503 };
  await expect(start({ faults: [wrong] })).rejects.toThrow(TypeError);
  const simulator = await start();
  expect(() => simulator.addFault(wrong)).toThrow('times');
});

describe('the control surface', () => {
  test('shows the journal, without its own calls', async () => {
    const simulator = await start();
    await find(simulator);
    const answer = await control(simulator, 'GET', 'journal');
    expect(await answer.json()).toEqual(simulator.journal);
    expect(simulator.journal.map(({ call }) => call)).toEqual(['token', 'find']);
  });

  test('shows the orders', async () => {
    const simulator = await start();
    await place(simulator, 'EXT-1');
    await place(simulator, 'EXT/2');
    expect(await (await control(simulator, 'GET', 'orders')).json()).toEqual(simulator.orders());
    const one = await control(simulator, 'GET', 'orders?externalSubscriptionId=EXT%2F2');
    expect(await one.json()).toMatchObject([{ subscriptionNumber: 'A-S00012346' }]);
  });

  test('sets a status', async () => {
    const simulator = await start();
    await place(simulator, 'EXT/1');
    const answer = await control(simulator, 'PUT', 'status/EXT%2F1', { status: 'On hold' });
    expect(answer.status).toBe(204);
    expect(await (await find(simulator, 'EXT/1')).json()).toMatchObject({ status: 'On hold' });
  });

  test('refuses a status that is none', async () => {
    const simulator = await start();
    expect((await control(simulator, 'PUT', 'status/EXT-1', { state: 'Failed' })).status).toBe(400);
    expect((await control(simulator, 'PUT', 'status/EXT-1')).status).toBe(400);
  });

  test('adds one fault or several, and clears them', async () => {
    const simulator = await start();
    const one = await control(simulator, 'POST', 'faults', { call: 'find', then: answer503 });
    expect(one.status).toBe(201);
    expect(await one.json()).toEqual({ added: 1 });
    expect(await outcome(find(simulator))).toBe(503);
    const always = { call: 'find', times: 'always', then: answer503 };
    const two = await control(simulator, 'POST', 'faults', [always, { ...always, call: 'place' }]);
    expect(await two.json()).toEqual({ added: 2 });
    expect(await outcome(place(simulator))).toBe(503);
    expect((await control(simulator, 'DELETE', 'faults')).status).toBe(204);
    expect(await outcome(place(simulator))).toBe(201);
    expect(await outcome(find(simulator))).toBe(200);
  });

  test('adds none of a list when one is wrong', async () => {
    const simulator = await start();
    const answer = await control(simulator, 'POST', 'faults', [{ call: 'find', then: answer503 }, {}]);
    expect(answer.status).toBe(400);
    expect(await outcome(find(simulator))).toBe(404);
  });
});
