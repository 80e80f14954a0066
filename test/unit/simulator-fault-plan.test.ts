import { once } from 'node:events';
import { request } from 'node:http';
import { describe, expect, test, vi } from 'vitest';
import { SCOPES } from '../../src/contract/names.js';
import { faultSchema, type Fault } from '../../src/simulator/index.js';
import {
  askForToken,
  control,
  find,
  orderOf,
  outcome,
  PATH,
  place,
  START,
  statusOf,
  tokenFor,
  useSimulators,
} from '../helpers/simulator.js';

const { clock, start } = useSimulators();

const answer503 = { do: 'answer', when: 'before', status: 503 } as const;

describe('a fault is for', () => {
  test('its call only', async () => {
    const simulator = await start({ faults: [{ call: 'place', then: answer503 }] });
    expect(await outcome(askForToken(simulator))).toBe(200);
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
        { call: 'find', then: { ...answer503, status: 500 } },
        { call: 'find', then: { ...answer503, status: 429 } },
        { call: 'find', skip: 3, then: { ...answer503, status: 502 } },
      ],
    });
    const outcomes = [];
    for (let call = 0; call < 5; call += 1) outcomes.push(await outcome(find(simulator)));
    expect(outcomes).toEqual([500, 429, 404, 502, 404]);
  });
});

describe('a fault for any call', () => {
  test('is used up by them together', async () => {
    const simulator = await start({ faults: [{ call: 'any', skip: 1, times: 2, then: answer503 }] });
    const token = await tokenFor(simulator, SCOPES.create);
    expect(await outcome(place(simulator, orderOf(), token))).toBe(503);
    expect(await outcome(askForToken(simulator))).toBe(503);
    expect(await outcome(find(simulator))).toBe(404);
  });

  test('with an order is for no token', async () => {
    const simulator = await start({
      faults: [{ call: 'any', externalSubscriptionId: '*', times: 'always', then: answer503 }],
    });
    expect(await outcome(askForToken(simulator))).toBe(200);
    expect(await outcome(place(simulator))).toBe(503);
    expect(await outcome(find(simulator))).toBe(503);
  });

  test('does to each what means something to it, and is not used up where nothing does', async () => {
    const simulator = await start({
      faults: [
        { call: 'any', times: 'always', then: { do: 'status', status: 'Lost' } },
        {
          call: 'any',
          times: 'always',
          then: [
            { do: 'hide', forMs: 0 },
            { do: 'skew', ms: 1 },
          ],
        },
      ],
    });
    await place(simulator);
    expect(await statusOf(simulator)).toBe('Lost');
    expect(simulator.journal.map(({ call, fault }) => [call, fault])).toEqual([
      ['token', 'skew 1 ms'],
      ['place', 'hide for 0 ms'],
      ['token', 'skew 1 ms'],
      ['find', 'status Lost'],
    ]);
  });
});

describe('a fault with a time', () => {
  test('is for all calls that arrive in it, by the clock, from when it was added', async () => {
    const simulator = await start();
    clock.now = START + 500;
    simulator.addFault({ call: 'find', during: { afterMs: 1_000, forMs: 2_000 }, then: answer503 });
    const outcomes = [];
    for (const at of [500, 1_499, 1_500, 3_499, 3_500]) {
      clock.now = START + at;
      outcomes.push(await outcome(find(simulator)));
    }
    expect(outcomes).toEqual([404, 404, 503, 503, 404]);
  });

  test('begins at once unless it says otherwise, and those to begin with as the simulator starts', async () => {
    const simulator = await start({ faults: [{ call: 'find', during: { forMs: 10 }, then: answer503 }] });
    expect(await outcome(find(simulator))).toBe(503);
    clock.now = START + 9;
    expect(await outcome(find(simulator))).toBe(503);
    clock.now = START + 10;
    expect(await outcome(find(simulator))).toBe(404);
  });

  test('may be for so many calls of it too, and skips none before it', async () => {
    const simulator = await start();
    const during = { afterMs: 10, forMs: 10 };
    simulator.addFault({ call: 'find', skip: 1, times: 1, during, then: answer503 });
    expect(await outcome(find(simulator))).toBe(404);
    clock.now = START + 10;
    expect(await outcome(find(simulator))).toBe(404);
    expect(await outcome(find(simulator))).toBe(503);
    expect(await outcome(find(simulator))).toBe(404);
  });

  test('has it from a clock that takes its time, too', async () => {
    const simulator = await start({ now: () => Promise.resolve(clock.now) });
    simulator.addFault({ call: 'find', during: { afterMs: 10, forMs: 10 }, then: answer503 });
    clock.now = START + 10;
    expect(await outcome(find(simulator))).toBe(503);
    clock.now = START + 20;
    expect(await outcome(find(simulator))).toBe(404);
  });

  test('is for a call that was under way when it was added', async () => {
    const simulator = await start();
    const authorization = `Bearer ${await tokenFor(simulator, SCOPES.create)}`;
    const headers = { authorization, 'content-type': 'application/json' };
    const sent = request(`${simulator.url}${PATH}`, { method: 'POST', headers });
    sent.write(' ');
    await vi.waitUntil(() => simulator.journal.at(-1)?.call === 'place', { timeout: 20_000 });
    clock.now = START + 10;
    simulator.addFault({ call: 'place', during: { forMs: 1 }, then: answer503 });
    sent.end(JSON.stringify(orderOf()));
    const [answer] = await once(sent, 'response');
    expect(answer).toMatchObject({ statusCode: 503 });
  });

  test('whose clock failed is told of, until it is cleared', async () => {
    let clockOf: () => number | Promise<number> = () => Promise.reject(new Error('no clock'));
    const simulator = await start({ now: () => clockOf() });
    simulator.addFault({ call: 'find', during: { forMs: 1 }, then: answer503 });
    clockOf = () => clock.now;
    const answer = await askForToken(simulator);
    expect(answer.status).toBe(500);
    expect(await answer.text()).toContain('no clock');
    simulator.clearFaults();
    expect(await outcome(find(simulator))).toBe(404);
  });
});

test.each([false, true])('calls at once share its times and skip, with a slow clock: %s', async (isSlow) => {
  const simulator = await start({ now: () => (isSlow ? Promise.resolve(clock.now) : clock.now) });
  const token = await tokenFor(simulator, SCOPES.read);
  simulator.addFault({ call: 'find', skip: 2, times: 3, during: { forMs: 1 }, then: answer503 });
  const calls = Array.from({ length: 8 }, () => outcome(find(simulator, 'EXT-1', token)));
  const outcomes = await Promise.all(calls);
  expect(outcomes.filter((status) => status === 503)).toHaveLength(3);
  expect(outcomes.filter((status) => status === 404)).toHaveLength(5);
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
  { call: 'find', then: answer503, during: {} },
  { call: 'find', then: answer503, during: { forMs: 0 } },
  { call: 'find', then: answer503, during: { afterMs: -1, forMs: 1 } },
  { call: 'find', then: { do: 'revoke' } },
  { call: 'find', then: { do: 'damage', when: 'after', body: 'empty' } },
  { call: 'find', then: { do: 'status', status: 7 } },
  { call: 'token', then: { do: 'skew', ms: -1 } },
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

test.each([
  {
    fault: { call: 'find', then: { do: 'explode' } },
    message:
      'then: must be a valid action, or a list of them: drop, answer, delay, hide, revoke, damage, status or skew',
  },
  {
    fault: { call: 'find', then: { do: 'damage', body: 'eaten' } },
    message: /then: .* or skew \(body: .*"html"/,
  },
  { fault: { call: 'find', then: [answer503, { do: 'drop' }] }, message: /then: .* or skew \(1\.when: / },
  { fault: { call: 'other', then: answer503 }, message: /call: .*"token"\|"place"\|"find"\|"any"/ },
  {
    fault: { call: 'token', then: { do: 'hide', forMs: 1 } },
    message: 'then: hide means something to place and find only',
  },
  {
    fault: { call: 'place', then: [answer503, { do: 'status', status: 'Created' }] },
    message: 'then: status means something to find only',
  },
  {
    fault: { call: 'find', then: { do: 'skew', ms: 1 } },
    message: 'then: skew means something to token only',
  },
  {
    fault: { call: 'any', externalSubscriptionId: 'EXT-1', then: { do: 'skew', ms: 1 } },
    message: 'then: skew means something to token only',
  },
  {
    fault: { call: 'token', externalSubscriptionId: 'EXT-1', then: answer503 },
    message: 'externalSubscriptionId: cannot be known when a token is asked for',
  },
])('why it is not a fault: $message', ({ fault, message }) => {
  const { error } = faultSchema.safeParse(fault);
  const lines = error?.issues.map(({ path, message: text }) => `${path.join('.')}: ${text}`);
  expect(lines).toEqual([typeof message === 'string' ? message : expect.stringMatching(message)]);
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
    await place(simulator, orderOf('EXT-1'));
    await place(simulator, orderOf('EXT/2'));
    expect(await (await control(simulator, 'GET', 'orders')).json()).toEqual(simulator.orders());
    const one = await control(simulator, 'GET', 'orders?externalSubscriptionId=EXT%2F2');
    expect(await one.json()).toMatchObject([{ subscriptionNumber: 'A-S00012346' }]);
  });

  test('sets a status', async () => {
    const simulator = await start();
    await place(simulator, orderOf('EXT/1'));
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

  test('lists the faults that wait, how they stand, and so that they can be added again', async () => {
    const simulator = await start();
    const used = { call: 'find', times: 3, skip: 2, then: answer503 } as const;
    const timed = {
      call: 'find',
      externalSubscriptionId: 'EXT-9',
      during: { afterMs: 5, forMs: 10 },
      then: [{ do: 'damage', body: 'html' }],
    } satisfies Fault;
    for (const fault of [used, timed, { ...used, call: 'place', times: Infinity } as const]) {
      simulator.addFault(fault);
    }
    for (let call = 0; call < 3; call += 1) await find(simulator);
    const list = async (): Promise<unknown> => (await control(simulator, 'GET', 'faults')).json();
    const endless = { fault: { ...used, call: 'place', times: 'always' }, left: 'always', skip: 2 };
    expect(await list()).toEqual([
      { fault: used, left: 2, skip: 0 },
      { fault: timed, left: 'always', skip: 0, from: START + 5, until: START + 15 },
      endless,
    ]);
    clock.now = START + 15;
    expect(await list()).toEqual([{ fault: used, left: 2, skip: 0 }, endless]);
    simulator.clearFaults();
    expect((await control(simulator, 'POST', 'faults', endless.fault)).status).toBe(201);
    expect(await list()).toEqual([endless]);
  });

  test('adds none of a list when one is wrong', async () => {
    const simulator = await start();
    const answer = await control(simulator, 'POST', 'faults', [{ call: 'find', then: answer503 }, {}]);
    expect(answer.status).toBe(400);
    expect(await outcome(find(simulator))).toBe(404);
  });
});
