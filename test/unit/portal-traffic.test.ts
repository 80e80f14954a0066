import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  PacedTraffic,
  type CallInfo,
  type CallKind,
  type CallReport,
  type Held,
  type PacedTrafficOptions,
  type TrafficEvent,
} from '../../src/portal/index.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const OK: CallReport = { status: 200, durationMs: 1 };
const DOWN: CallReport = { code: 'ECONNREFUSED', durationMs: 1 };

function aCall(tradingPartnerId = 'TP-1', kind: CallKind = 'find'): CallInfo {
  return { tradingPartnerId, clientId: `client of ${tradingPartnerId}`, kind };
}

/** Traffic, and what it let through: when (milliseconds since the start), and what it held. */
function observed(options: PacedTrafficOptions = {}) {
  const events: TrafficEvent[] = [];
  const traffic = new PacedTraffic({ random: () => 0.5, onEvent: (event) => events.push(event), ...options });
  const start = performance.now();
  const made: { readonly at: number; readonly call: CallInfo }[] = [];
  const held: Held[] = [];
  const ask = async (call: CallInfo = aCall(), report?: CallReport, signal?: AbortSignal) => {
    const answer = await traffic.admit(call, signal);
    if (answer) held.push(answer);
    else {
      made.push({ at: performance.now() - start, call });
      if (report) traffic.completed(call, report);
    }
    return answer;
  };
  return { traffic, events, made, held, ask };
}

const run = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** The most calls in any window of so many milliseconds. */
function mostWithin(times: readonly number[], windowMs: number): number {
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + windowMs).length));
}

/** A call that is not to be waited for. */
function soon(asked: Promise<unknown>): void {
  asked.catch(() => undefined);
}

async function bringDown(ask: ReturnType<typeof observed>['ask'], calls = 5): Promise<void> {
  for (let call = 0; call < calls; call += 1) await ask(aCall(), DOWN);
}

describe('the rate', () => {
  it('is never exceeded in any window, whenever calls come, and is used up while calls wait', async () => {
    const arrivals = fc.array(fc.nat(4_000), { minLength: 1, maxLength: 150 });
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0.5, max: 60, noNaN: true }),
        fc.integer({ min: 1, max: 4 }),
        arrivals,
        async (rate, workers, at) => {
          const { ask, made, held } = observed({ rate, workers });
          for (const ms of at) setTimeout(() => soon(ask()), ms);
          await run(60_000);
          const times = made.map((call) => call.at);
          expect(made.length + held.length).toBe(at.length);
          for (const windowMs of [100, 5_000]) {
            // And the one with which a window begins; a permit that was taken late is less than one more.
            const most = Math.floor((rate / workers) * (windowMs / 1_000) + 0.9) + 1;
            expect(mostWithin(times, windowMs)).toBeLessThanOrEqual(most);
          }
          expect(mostWithin(times, 1_000)).toBeLessThanOrEqual(Math.ceil(rate / workers));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is used up, though timers are late, and not exceeded to make up for it', async () => {
    let late = 0;
    const { ask, made } = observed({ rate: 20, now: () => performance.now() + late });
    for (let call = 0; call < 400; call += 1) soon(ask());
    for (let ms = 0; ms < 20_000; ms += 7) {
      late = ms % 5;
      await run(7);
    }
    const times = made.map(({ at }) => at);
    expect(mostWithin(times, 10_000)).toBeGreaterThan(195);
    // Of a second by a clock that is up to 4 ms late.
    expect(mostWithin(times, 1_000 - 4)).toBeLessThanOrEqual(20);
  });

  it('is shared with the other workers, and nothing is called before their number is known', async () => {
    const { traffic, ask, made } = observed({ rate: 10, workers: 0 });
    for (let call = 0; call < 50; call += 1) soon(ask());
    await run(3_000);
    expect(made).toHaveLength(0);
    expect(traffic.report()).toMatchObject({ rate: { fleet: 10, own: 0, workers: 0 }, waiting: 50 });
    traffic.setWorkers(2);
    await run(2_000);
    expect(made.length).toBeGreaterThanOrEqual(10);
    expect(made.length).toBeLessThanOrEqual(11);
    expect(traffic.report().rate).toEqual({ fleet: 10, own: 5, workers: 2 });
    traffic.setWorkers(1);
    await run(1_000);
    expect(made.length).toBeGreaterThanOrEqual(19);
  });

  it('holds back what would wait for too long', async () => {
    const { ask, held, made } = observed({ rate: 2 });
    for (let call = 0; call < 100; call += 1) soon(ask());
    await run(0);
    expect(held.length).toBeGreaterThan(30);
    for (const { code, throttled, retryAfterMs } of held) {
      expect({ code, throttled }).toEqual({ code: 'BUSY', throttled: true });
      expect(retryAfterMs).toBeGreaterThan(1_000);
    }
    await run(60_000);
    expect(made.length + held.length).toBe(100);
  });

  it('holds back what has waited for too long', async () => {
    const { ask, held } = observed({ rate: 1, workers: 0 });
    soon(ask());
    await run(32_000);
    expect(held).toEqual([{ code: 'BUSY', retryAfterMs: 30_000, throttled: true }]);
  });

  it('is not waited for by a call that was given up', async () => {
    const { traffic, ask, made } = observed({ rate: 1, workers: 0 });
    const given = new AbortController();
    const answer = ask(aCall(), undefined, given.signal);
    await run(100);
    given.abort();
    expect(await answer).toBeUndefined();
    expect(traffic.report().waiting).toBe(0);
    expect(made).toHaveLength(1);
    traffic.setWorkers(1);
    // The permit was not used up by it.
    expect(await ask()).toBeUndefined();
  });

  it('is no limit where there is none', async () => {
    const { ask, made } = observed();
    await Promise.all(Array.from({ length: 500 }, () => ask(aCall(), OK)));
    expect(made).toHaveLength(500);
  });
});

describe('the queue', () => {
  it('lets no partner starve behind the flood of another', async () => {
    const { ask, made, held } = observed({ rate: 10 });
    for (let call = 0; call < 1_000; call += 1) soon(ask(aCall('flood')));
    await run(1_000);
    for (let call = 0; call < 10; call += 1) soon(ask(aCall('other')));
    await run(2_200);
    expect(made.filter(({ call }) => call.tradingPartnerId === 'other')).toHaveLength(10);
    expect(held.length).toBeGreaterThan(600);
  });

  it('serves partners in turn, whatever each has', async () => {
    const partners = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(partners, async (counts) => {
        const { ask, made } = observed({ rate: 50 });
        counts.forEach((count, partner) => {
          for (let call = 0; call < count; call += 1) soon(ask(aCall(`TP-${partner}`)));
        });
        await run(10_000);
        counts.forEach((count, partner) => {
          const last = made.findLastIndex(({ call }) => call.tradingPartnerId === `TP-${partner}`);
          const ahead = counts.reduce((sum, other) => sum + Math.min(other, count), 0);
          // The first of all was called before there was a queue.
          expect(last).toBeLessThanOrEqual(ahead);
        });
      }),
      { numRuns: 40 },
    );
  });

  it('holds no order back for what it goes before', async () => {
    const { ask, held } = observed({ rate: 1 });
    for (let call = 0; call < 40; call += 1) soon(ask());
    await run(0);
    const before = held.length;
    expect(before).toBeGreaterThan(5);
    const order = ask(aCall('TP-1', 'place'));
    expect(held).toHaveLength(before);
    await run(2_000);
    expect(await order).toBeUndefined();
  });

  it('sends orders that were looked for, and asks for tokens, before it looks for others', async () => {
    const { ask, made } = observed({ rate: 1 });
    for (const kind of ['find', 'find', 'token', 'place'] as const) soon(ask(aCall('TP-1', kind)));
    await run(4_000);
    expect(made.map(({ call }) => call.kind)).toEqual(['find', 'token', 'place', 'find']);
  });
});

describe('a worker that stops', () => {
  it('gives back at once what waits, and lets nothing wait any more', async () => {
    const { traffic, ask, held, made } = observed({ rate: 1 });
    for (let call = 0; call < 6; call += 1) soon(ask());
    await run(0);
    expect(made).toHaveLength(1);
    traffic.stop();
    await run(0);
    const given = { code: 'STOPPING', retryAfterMs: 1_000, throttled: false };
    expect(held).toEqual(Array.from({ length: 5 }, () => given));
    expect(await ask()).toEqual(given);
    expect(traffic.report().waiting).toBe(0);
  });

  it('still makes the calls whose turn it is, so that what has begun is finished', async () => {
    const { traffic, ask } = observed({ rate: 1 });
    traffic.stop();
    expect(await ask(aCall('TP-1', 'token'))).toBeUndefined();
    await run(1_000);
    expect(await ask(aCall('TP-1', 'find'))).toBeUndefined();
  });

  it('begins no order any more: its answer might come too late', async () => {
    const { traffic, ask } = observed();
    traffic.stop();
    expect(await ask(aCall('TP-1', 'place'))).toMatchObject({ code: 'STOPPING' });
  });
});

describe('a pause that the portal asks for', () => {
  it.each([
    ['429 that says for how long', { status: 429, retryAfterMs: 20_000, durationMs: 1 }, 20_000],
    ['429 that does not', { status: 429, durationMs: 1 }, 5_000],
    ['503 that says for how long', { status: 503, retryAfterMs: 3_000, durationMs: 1 }, 3_000],
  ] as const)('holds all calls of the partner, and of no other: %s', async (_what, report, forMs) => {
    const { traffic, ask, events } = observed();
    await ask(aCall('A', 'token'), report);
    expect(events).toEqual([{ type: 'paused', tradingPartnerId: 'A', forMs }]);
    expect(traffic.report().paused).toEqual([
      { tradingPartnerId: 'A', until: new Date(Date.now() + forMs).toISOString() },
    ]);
    await run(forMs - 1);
    const held = await ask(aCall('A', 'place'));
    expect(held).toMatchObject({ code: 'PAUSED', throttled: true });
    expect(held?.retryAfterMs).toBeGreaterThanOrEqual(1);
    expect(await ask(aCall('B'))).toBeUndefined();
    await run(1);
    expect(await ask(aCall('A'))).toBeUndefined();
    expect(traffic.report().paused).toEqual([]);
  });

  it('holds for all trading partners of the client, whatever IDs callers make up', async () => {
    const { ask } = observed();
    const ours = (tradingPartnerId: string): CallInfo => ({ ...aCall(tradingPartnerId), clientId: 'ours' });
    await ask(ours('A'), { status: 429, retryAfterMs: 20_000, durationMs: 1 });
    expect(await ask(ours('made-up'))).toMatchObject({ code: 'PAUSED' });
    expect(await ask(aCall('B'))).toBeUndefined();
  });

  it('ends the wait of those that wait already', async () => {
    const { traffic, ask, held } = observed({ rate: 1 });
    const first = aCall('A');
    await ask(first);
    for (let call = 0; call < 5; call += 1) soon(ask(aCall('A')));
    soon(ask(aCall('B')));
    traffic.completed(first, { status: 429, retryAfterMs: 60_000, durationMs: 1 });
    await run(0);
    expect(held.map(({ code }) => code)).toEqual(Array.from({ length: 5 }, () => 'PAUSED'));
    expect(traffic.report().waiting).toBe(1);
  });

  it('is not asked for by a 503 that does not say so, nor by any other answer', async () => {
    const { traffic, ask } = observed();
    for (const status of [200, 401, 404, 422, 503]) await ask(aCall(), { status, durationMs: 1 });
    expect(traffic.report().paused).toEqual([]);
  });

  it('is kept for so many partners, and no more', async () => {
    const { traffic, ask } = observed();
    for (let partner = 0; partner < 10_050; partner += 1) {
      await ask(aCall(`TP-${partner}`), { status: 429, retryAfterMs: 60_000, durationMs: 1 });
    }
    expect(traffic.report().paused).toHaveLength(10_000);
  });
});

describe('the circuit', () => {
  const away: readonly (readonly [string, CallReport])[] = [
    ['no connection', DOWN],
    ['a lost answer', { code: 'UND_ERR_SOCKET', durationMs: 1 }],
    ['a 500', { status: 500, durationMs: 1 }],
    ['a 503', { status: 503, durationMs: 1 }],
    ['a 408', { status: 408, durationMs: 1 }],
  ];

  it.each(away)('opens after five calls in a row that found no portal: %s', async (_what, report) => {
    const { traffic, ask, events } = observed();
    for (let call = 0; call < 4; call += 1) await ask(aCall(), report);
    expect(traffic.report().circuit).toBe('closed');
    await ask(aCall(), report);
    expect(traffic.report().circuit).toBe('open');
    expect(events).toEqual([{ type: 'circuit', state: 'open' }]);
    expect(await ask()).toMatchObject({ code: 'CIRCUIT_OPEN', throttled: false });
  });

  it('lets a client that has not failed see at once whether the portal is there for it', async () => {
    const { traffic, ask } = observed();
    await bringDown(ask);
    expect(await ask(aCall('B', 'place'))).toMatchObject({ code: 'CIRCUIT_OPEN' });
    const probe = aCall('B');
    expect(await ask(probe)).toBeUndefined();
    expect(await ask(aCall('C'))).toMatchObject({ code: 'CIRCUIT_OPEN' });
    traffic.completed(probe, OK);
    expect(traffic.report().circuit).toBe('ramping');
  });

  it('does not rest for longer when that was in vain, and lets it do so but once', async () => {
    const { traffic, ask } = observed();
    await bringDown(ask);
    await run(2_000);
    await ask(aCall('B'), DOWN);
    expect(traffic.report().circuit).toBe('open');
    expect(await ask(aCall('B'))).toMatchObject({ code: 'CIRCUIT_OPEN' });
    await run(3_000);
    // Five seconds after it opened, as without that call.
    expect(await ask(aCall(), DOWN)).toBeUndefined();
    await run(9_000);
    expect(await ask()).toMatchObject({ code: 'CIRCUIT_OPEN' });
    await run(1_000);
    expect(await ask()).toBeUndefined();
  });

  it('takes no more than a hundred clients for such', async () => {
    const { ask, held } = observed();
    await bringDown(ask);
    for (let client = 0; client < 150; client += 1) await ask(aCall(`made-up-${client}`), DOWN);
    expect(held).toHaveLength(51);
  });

  it.each([200, 201, 401, 404, 422, 429])('counts anew after a %i: the portal is there', async (status) => {
    const { traffic, ask } = observed();
    for (let call = 0; call < 4; call += 1) await ask(aCall('A'), DOWN);
    await ask(aCall('B'), { status, durationMs: 1 });
    for (let call = 0; call < 4; call += 1) await ask(aCall('A'), DOWN);
    expect(traffic.report().circuit).toBe('closed');
  });

  it('counts the failures of one client once, while another is answered', async () => {
    const { traffic, ask } = observed();
    await ask(aCall('B'), OK);
    for (let call = 0; call < 50; call += 1) await ask(aCall('A'), DOWN);
    expect(traffic.report().circuit).toBe('closed');
    // Of those that are answered, none is left.
    await ask(aCall('B'), DOWN);
    expect(traffic.report().circuit).toBe('open');
  });

  it('counts all of them once no other was answered for ten seconds', async () => {
    const { traffic, ask } = observed();
    await ask(aCall('B'), OK);
    await bringDown(ask, 4);
    await run(10_000);
    await ask(aCall(), DOWN);
    expect(traffic.report().circuit).toBe('open');
  });

  it('counts the failing clients while one is still answered', async () => {
    const { traffic, ask } = observed();
    await ask(aCall('good'), OK);
    for (const client of ['A', 'B', 'C', 'D']) await ask(aCall(client), DOWN);
    expect(traffic.report().circuit).toBe('closed');
    await ask(aCall('E'), DOWN);
    expect(traffic.report().circuit).toBe('open');
  });

  it.each(['UND_ERR_ABORTED', 'TOO_LATE'])('does not count what we broke off ourselves: %s', async (code) => {
    const { traffic, ask } = observed();
    for (let call = 0; call < 50; call += 1) await ask(aCall(), { code, durationMs: 1 });
    expect(traffic.report().circuit).toBe('closed');
  });

  it('sends away those that wait', async () => {
    const { traffic, ask, held } = observed({ rate: 10 });
    const calls = Array.from({ length: 30 }, () => aCall());
    for (const call of calls) soon(ask(call));
    await run(1_000);
    for (const call of calls.slice(0, 5)) traffic.completed(call, DOWN);
    await run(0);
    expect(traffic.report()).toMatchObject({ circuit: 'open', waiting: 0 });
    expect(held.map(({ code }) => code)).toContain('CIRCUIT_OPEN');
  });

  it('lets one call through to see, and never an order', async () => {
    const { traffic, ask } = observed();
    await bringDown(ask);
    await run(5_000);
    expect(await ask(aCall('A', 'place'))).toMatchObject({ code: 'CIRCUIT_OPEN' });
    const probe = aCall('A', 'token');
    expect(await ask(probe)).toBeUndefined();
    expect(traffic.report().circuit).toBe('probing');
    for (const kind of ['find', 'token', 'place'] as const) {
      expect(await ask(aCall('B', kind))).toMatchObject({ code: 'CIRCUIT_OPEN' });
    }
    traffic.completed(probe, OK);
    expect(traffic.report().circuit).toBe('ramping');
    const order = ask(aCall('A', 'place'));
    await run(1_000);
    expect(await order).toBeUndefined();
  });

  it('rests for longer each time, up to a minute', async () => {
    const { ask, made } = observed();
    await bringDown(ask);
    for (let second = 0; second < 400; second += 1) {
      await run(1_000);
      await ask(aCall(), DOWN);
    }
    const probes = made.slice(5).map(({ at }) => at);
    const rests = probes.map((at, index) => Math.round((at - (probes[index - 1] ?? 0)) / 1_000));
    expect(rests).toEqual([5, 10, 20, 40, 60, 60, 60, 60, 60]);
  });

  it('sends those that it holds back at different times', async () => {
    const { ask } = observed({ random: Math.random });
    await bringDown(ask);
    const waits = await Promise.all(
      Array.from({ length: 200 }, async () => (await ask())?.retryAfterMs ?? 0),
    );
    expect(Math.min(...waits)).toBeGreaterThan(4_500);
    expect(new Set(waits.map((ms) => Math.floor(ms / 500))).size).toBeGreaterThan(7);
  });

  it.each([
    ['is never heard of', undefined, 121_000],
    ['we broke off ourselves', { code: 'UND_ERR_ABORTED', durationMs: 1 }, 0],
  ])('does not hang on a probe that %s', async (_what, report, afterMs) => {
    const { traffic, ask } = observed();
    await bringDown(ask);
    await run(5_000);
    await ask(aCall(), report);
    await run(afterMs);
    expect(await ask(aCall(), OK)).toBeUndefined();
    expect(traffic.report().circuit).toBe('ramping');
  });

  it('lets the calls come back little by little', async () => {
    const { traffic, ask, made } = observed({ rate: 20 });
    soon(bringDown(ask));
    await run(10_000);
    await ask(aCall(), OK);
    const from = made.at(-1)?.at ?? 0;
    const flood = setInterval(() => soon(ask(aCall(), OK)), 10);
    await run(25_000);
    clearInterval(flood);
    const perSecond = (second: number) =>
      made.filter(({ at }) => at > from + second * 1_000 && at <= from + (second + 1) * 1_000).length;
    expect([0, 1, 2].map(perSecond)).toEqual([1, 1, 1]);
    expect(perSecond(4)).toBe(2);
    expect(perSecond(7)).toBe(4);
    expect(perSecond(10)).toBe(8);
    expect(perSecond(20)).toBe(20);
    expect(
      mostWithin(
        made.slice(5).map(({ at }) => at),
        1_000,
      ),
    ).toBeLessThanOrEqual(20);
    expect(traffic.report().circuit).toBe('closed');
  });

  it('comes to an end without a limit, too', async () => {
    const { traffic, ask, events } = observed();
    await bringDown(ask);
    await run(5_000);
    await ask(aCall(), OK);
    await run(17_000);
    expect(traffic.report().circuit).toBe('ramping');
    await run(2_000);
    expect(traffic.report().circuit).toBe('closed');
    expect(events.map((event) => event.type === 'circuit' && event.state)).toEqual([
      'open',
      'probing',
      'ramping',
      'closed',
    ]);
  });

  it('goes on coming back while only some calls fail: what is broken for one partner stops no other', async () => {
    const { traffic, ask } = observed();
    await bringDown(ask);
    await run(5_000);
    await ask(aCall(), OK);
    for (let round = 0; round < 5; round++) {
      await run(1_000);
      await ask(aCall(), DOWN);
      await run(1_000);
      await ask(aCall(), OK);
    }
    expect(traffic.report().circuit).not.toBe('open');
  });

  it('opens again at the third failure in a row on the way back, and rests for longer', async () => {
    const { traffic, ask } = observed();
    await bringDown(ask);
    await run(5_000);
    await ask(aCall(), OK);
    for (let failure = 0; failure < 3; failure++) {
      expect(traffic.report().circuit).toBe('ramping');
      await run(1_000);
      await ask(aCall(), DOWN);
    }
    expect(traffic.report().circuit).toBe('open');
    await run(9_000);
    expect(await ask()).toMatchObject({ code: 'CIRCUIT_OPEN' });
    await run(1_000);
    expect(await ask()).toBeUndefined();
  });

  it('heeds nothing that was sent before it opened', async () => {
    const { traffic, ask } = observed();
    const older = Array.from({ length: 20 }, () => aCall());
    for (const call of older) await ask(call);
    await bringDown(ask);
    for (const call of older.slice(10)) traffic.completed(call, OK);
    expect(traffic.report().circuit).toBe('open');
    await run(5_000);
    await ask(aCall(), OK);
    for (const call of older.slice(0, 10)) traffic.completed(call, DOWN);
    expect(traffic.report().circuit).toBe('ramping');
  });
});
