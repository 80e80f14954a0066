import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Order, PurchaseStatus } from '../../src/contract/index.js';
import type { Fault } from '../../src/simulator/index.js';
import { cancelSignal } from '../../workflows/messages.js';
import { eventually } from '../helpers/eventually.js';
import { anOrder, QUICK } from '../helpers/orders.js';
import type { HeldCall } from '../helpers/processes-proxy.js';
import { WorkerRig } from '../helpers/worker-rig.js';
import { kept, Stage } from '../helpers/worker-stage.js';
import { ADOPTED, endingOf, NOT_PLACED, ONE_ORDER } from '../helpers/worker-truth.js';

// One worker process is killed while many purchases are each at another step, and another one is started. A
// portal that takes a second order (`duplicate`) would have one, if any of them were sent twice.

const TIMEOUT = 300_000;

/** Long enough for a worker to be killed within it, on a slow machine too. */
const LONG_WINDOW = { initialInterval: '1s', maximumInterval: '4s', window: '60s' };

const RETRY_AFTER_MS = 60_000;
/** It stops all calls of a client: those who get it have one of their own. */
const AWAY = 'TP-AWAY';
const LIMITED = 'TP-LIMITED';
/** One without a token. */
const NEW = 'TP-NEW';
const RETRY_LATER = { 'Retry-After': String(RETRY_AFTER_MS / 1_000) };

let rig: WorkerRig;

beforeAll(async () => {
  rig = await WorkerRig.start({ partners: [anOrder().tradingPartnerId, AWAY, LIMITED, NEW] });
});
afterAll(async () => rig?.stop());

function breakOnce(order: Order, call: 'place' | 'find', then: Fault['then']): void {
  rig.simulator.addFault({ call, externalSubscriptionId: order.externalSubscriptionId, then });
}

/** Begins a purchase, and waits until a call about it is held: who is killed now is killed in the call. */
async function holding(order: Order, method: 'GET' | 'POST', until: 'asked' | 'answered'): Promise<HeldCall> {
  const call = rig.proxy.hold({ method, about: order.externalSubscriptionId, until });
  await rig.begin(order, { settling: LONG_WINDOW });
  await call.held;
  return call;
}

function eventsOf({ timeline }: PurchaseStatus): string[] {
  return timeline.map(({ event }) => event);
}

function looksFor(order: Order): number {
  return rig.callsFor(order, 'find').length;
}

/** Whether the server gave a try of an activity up: nobody had told of it for too long. */
async function isMissed(order: Order): Promise<boolean> {
  const { events } = await rig.handle(order).fetchHistory();
  return (events ?? []).some(
    ({ activityTaskTimedOutEventAttributes }) => activityTaskTimedOutEventAttributes,
  );
}

async function timersFired(order: Order): Promise<number> {
  const { events } = await rig.handle(order).fetchHistory();
  return (events ?? []).filter(({ timerFiredEventAttributes }) => timerFiredEventAttributes).length;
}

describe('a purchase whose worker is killed', () => {
  const stage = new Stage();
  /** An answer that comes to the worker's machine when the worker can read no more. */
  let lateAnswer: HeldCall | undefined;

  beforeAll(async () => {
    const first = await rig.startWorker();
    // It has its tokens, which each client has of its own, before a token request is held.
    const orders = [anOrder(), anOrder({ tradingPartnerId: AWAY }), anOrder({ tradingPartnerId: LIMITED })];
    await Promise.all(orders.map(async (order) => rig.purchases.waitForResult(await rig.begin(order))));
    await stage.before();
    first.signal('SIGSTOP');
    await lateAnswer?.release();
    await first.kill();
    await stage.meanwhile();
    await rig.startWorker();
  }, TIMEOUT);

  const inPost = stage.brought(async () => {
    const order = anOrder();
    await holding(order, 'POST', 'answered');
    return order;
  });
  it(
    'during a POST that the portal has taken',
    async () => {
      expect(await endingOf(rig, inPost())).toEqual(ADOPTED);
    },
    TIMEOUT,
  );

  const beforeCommit = stage.brought(async () => {
    const order = anOrder();
    return { order, call: await holding(order, 'POST', 'asked') };
  });
  it(
    'during a POST that the portal takes only after the worker was missed',
    async () => {
      const { order, call } = beforeCommit();
      await rig.until(order, (status) => eventsOf(status).includes('OrderNotFound'));
      expect(rig.simulator.orders(order.externalSubscriptionId)).toEqual([]);
      await call.release();
      expect(await endingOf(rig, order)).toEqual(ADOPTED);
    },
    TIMEOUT,
  );

  const answered = stage.brought(async () => {
    const order = anOrder();
    lateAnswer = await holding(order, 'POST', 'answered');
    return order;
  });
  it(
    'with the answer to its POST, before it told anyone',
    async () => {
      expect(await endingOf(rig, answered())).toEqual(ADOPTED);
    },
    TIMEOUT,
  );

  const looking = stage.brought(async () => {
    const order = anOrder();
    await holding(order, 'GET', 'asked');
    return order;
  });
  it(
    'while it looks before its POST: nothing is sent as long as it may still do so',
    async () => {
      const order = looking();
      const looks = await eventually(() => {
        const calls = rig.callsFor(order, 'find');
        return calls.length > 4 ? calls : undefined;
      }, 900);
      const { phase, lastError } = await rig.until(order, () => true);
      expect({ phase, error: lastError?.type }).toEqual({ phase: 'Confirming', error: 'UnknownOutcome' });
      expect(rig.callsFor(order, 'place')).toEqual([]);
      const gaps = looks.slice(1).map(({ at }, index) => at - (looks[index]?.at ?? at));
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(900);
    },
    TIMEOUT,
  );

  const confirmingInVain = stage.brought(async () => {
    const order = anOrder();
    breakOnce(order, 'place', { do: 'drop', when: 'before' });
    await rig.begin(order, { settling: LONG_WINDOW });
    await rig.until(order, (status) => eventsOf(status).includes('OrderNotFound'));
    return order;
  });
  it(
    'while it confirms an order that does not exist: it is placed after the window',
    async () => {
      const order = confirmingInVain();
      expect(await endingOf(rig, order)).toMatchObject({ ...ONE_ORDER, posts: 2 });
      const { timeline } = await rig.until(order, () => true);
      const moment = (event: string) => Date.parse(timeline.find((entry) => entry.event === event)?.at ?? '');
      expect(moment('SettledAsNotPlaced') - moment('OutcomeUnknown')).toBeGreaterThanOrEqual(60_000);
    },
    TIMEOUT,
  );

  const confirmingLag = stage.brought(async () => {
    const order = anOrder();
    breakOnce(order, 'place', [
      { do: 'hide', forMs: 60_000 },
      { do: 'drop', when: 'after' },
    ]);
    await rig.begin(order, { settling: { ...LONG_WINDOW, window: '10m' } });
    await rig.until(order, (status) => eventsOf(status).includes('OrderNotFound'));
    return order;
  });
  it(
    'while it confirms an order that the portal does not show yet',
    async () => {
      expect(await endingOf(rig, confirmingLag())).toEqual(ADOPTED);
    },
    TIMEOUT,
  );

  const waitingToPoll = stage.brought(
    async () => {
      const order = anOrder();
      rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
      const polling = { initialInterval: '3s', maximumInterval: '3s', deadline: '1d' };
      await rig.begin(order, { polling });
      await rig.until(order, ({ nextPollAt, phase }) => phase === 'Provisioning' && nextPollAt !== undefined);
      return { order, fired: await timersFired(order) };
    },
    async ({ order, fired }) => {
      await eventually(async () => (await timersFired(order)) > fired || undefined);
      rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
    },
  );
  it(
    'while it waits to poll: the timer goes on without a worker',
    async () => {
      expect(await endingOf(rig, waitingToPoll().order)).toMatchObject({ ...ONE_ORDER, posts: 1 });
    },
    TIMEOUT,
  );

  const portalAway = stage.brought(async () => {
    const order = anOrder({ tradingPartnerId: AWAY });
    breakOnce(order, 'find', { do: 'answer', when: 'before', status: 503, headers: RETRY_LATER });
    await rig.begin(order);
    await rig.until(order, ({ lastError }) => lastError?.type === 'PortalUnavailable');
    return order;
  });
  const rateLimited = stage.brought(async () => {
    const order = anOrder({ tradingPartnerId: LIMITED });
    breakOnce(order, 'place', { do: 'answer', when: 'before', status: 429, headers: RETRY_LATER });
    await rig.begin(order);
    await rig.until(order, ({ lastError }) => lastError?.type === 'RateLimited');
    return order;
  });
  it.each([
    ['is away', 503, portalAway, 1],
    ['is called too often', 429, rateLimited, 2],
  ])(
    'while it waits for a portal that %s: the next one waits as long',
    async (_why, refusal, waiting, posts) => {
      const order = waiting();
      expect(await endingOf(rig, order)).toMatchObject({ ...ONE_ORDER, posts });
      const calls = [...rig.callsFor(order, 'find'), ...rig.callsFor(order, 'place')];
      const refusedAt = calls.find(({ status }) => status === refusal)?.at ?? Infinity;
      const next = Math.min(...calls.map(({ at }) => at).filter((at) => at > refusedAt));
      expect(next - refusedAt).toBeGreaterThanOrEqual(RETRY_AFTER_MS);
    },
    TIMEOUT,
  );

  const parked = stage.brought(
    async () => {
      const order = anOrder();
      breakOnce(order, 'place', { do: 'answer', when: 'before', status: 422, body: { error: 'not today' } });
      await rig.begin(order, { onRejected: 'park' });
      await rig.until(order, ({ phase }) => phase === 'ActionRequired');
      return order;
    },
    (order) => rig.purchases.retry(order),
  );
  it(
    'while it is parked, and the retry is sent while no worker runs',
    async () => {
      expect(await endingOf(rig, parked())).toMatchObject({ ...ONE_ORDER, posts: 2 });
      expect(rig.callsFor(parked(), 'place').map(({ status }) => status)).toEqual([422, 201]);
    },
    TIMEOUT,
  );

  const callerWaits = stage.brought(async () => {
    const order = anOrder();
    const call = rig.proxy.hold({ method: 'POST', about: order.externalSubscriptionId, until: 'answered' });
    const answer = kept(rig.purchases.purchase(order, { options: QUICK, within: '5m' }));
    await call.held;
    return { order, answer };
  });
  it(
    'while a caller waits for the number: the caller gets it',
    async () => {
      const { order, answer } = callerWaits();
      const [placed] = rig.simulator.orders(order.externalSubscriptionId);
      expect(await answer).toMatchObject({ value: { subscriptionNumber: placed?.subscriptionNumber } });
      expect(await endingOf(rig, order)).toEqual(ADOPTED);
    },
    TIMEOUT,
  );

  const cancelledTooLate = stage.brought(async () => {
    const order = anOrder();
    await holding(order, 'POST', 'answered');
    const answer = kept(rig.purchases.cancel(order, { within: '5m' }));
    await rig.until(order, ({ cancellation }) => cancellation?.via === 'update');
    return { order, answer };
  });
  it(
    'while a caller waits to hear that a cancellation came too late',
    async () => {
      const { order, answer } = cancelledTooLate();
      const [placed] = rig.simulator.orders(order.externalSubscriptionId);
      expect(await answer).toMatchObject({
        value: { effect: 'too-late', subscriptionNumber: placed?.subscriptionNumber },
      });
      expect(await endingOf(rig, order)).toEqual(ADOPTED);
    },
    TIMEOUT,
  );

  const cancelledInTime = stage.brought(async () => {
    const order = anOrder();
    breakOnce(order, 'place', { do: 'drop', when: 'before' });
    await rig.begin(order, { settling: LONG_WINDOW });
    await rig.until(order, ({ phase }) => phase === 'Confirming');
    const answer = kept(rig.purchases.cancel(order, { within: '5m' }));
    await rig.until(order, ({ cancellation }) => cancellation?.via === 'update');
    return { order, answer };
  });
  it(
    'while a caller waits to hear that a cancellation came in time',
    async () => {
      const { order, answer } = cancelledInTime();
      expect(await answer).toMatchObject({ value: { effect: 'not-placed' } });
      expect(await endingOf(rig, order)).toMatchObject({ ...NOT_PLACED, posts: 1 });
    },
    TIMEOUT,
  );

  const ending = stage.brought(async () => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    // Three, so that it waits for some seconds before it would look for its next POST.
    const then = { do: 'answer', when: 'before', status: 503 } as const;
    rig.simulator.addFault({ call: 'find', externalSubscriptionId, times: 3, then });
    await rig.begin(order);
    await rig.until(order, ({ lastError }) => lastError !== undefined && looksFor(order) === 3);
    const look = rig.proxy.hold({ method: 'GET', about: order.externalSubscriptionId, until: 'asked' });
    await rig.handle(order).signal(cancelSignal);
    await look.held;
    return order;
  });
  it(
    'while it looks for the last time before it ends as cancelled',
    async () => {
      expect(await endingOf(rig, ending())).toMatchObject({ ...NOT_PLACED, posts: 0 });
      const { cancellation } = await rig.until(ending(), () => true);
      expect(cancellation).toMatchObject({ via: 'signal', effect: 'not-placed' });
    },
    TIMEOUT,
  );

  const cancelledByTemporal = stage.brought(async () => {
    const order = anOrder();
    rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
    await holding(order, 'POST', 'answered');
    await rig.handle(order).cancel();
    await rig.until(order, ({ cancellation }) => cancellation?.via === 'temporal');
    return order;
  });
  it(
    "during a POST that Temporal's own cancellation waits for: it ends with the number",
    async () => {
      expect(await endingOf(rig, cancelledByTemporal())).toEqual({ ...ADOPTED, runStatus: 'CANCELLED' });
    },
    TIMEOUT,
  );

  it(
    'but was only frozen: what it sends late, if it does, is found',
    async () => {
      const taskQueue = 'frozen';
      const frozen = await rig.startWorker({ MARKETPLACE_TASK_QUEUE: taskQueue });
      await rig.purchases.waitForResult(await rig.begin(anOrder(), {}, taskQueue));
      const order = anOrder();
      // Held where a POST comes next: whether it hears first that it was given up is a matter of chance.
      breakOnce(order, 'place', { do: 'answer', when: 'before', status: 401 });
      const renewal = rig.proxy.hold({ method: 'POST', about: 'token', until: 'answered' });
      await rig.begin(order, { settling: LONG_WINDOW }, taskQueue);
      await renewal.held;
      frozen.signal('SIGSTOP');
      await renewal.release();
      await rig.startWorker({ MARKETPLACE_TASK_QUEUE: taskQueue });
      // Asked of the server: the frozen worker gets tasks and queries too, and its token request ends after a minute.
      await eventually(async () => (await isMissed(order)) || undefined);
      expect(rig.simulator.orders(order.externalSubscriptionId)).toEqual([]);
      frozen.signal('SIGCONT');
      frozen.signal('SIGTERM');
      await frozen.end();
      // Nothing can come from it any more.
      const posts = rig.callsFor(order, 'place').map(({ status }) => status);
      if (posts.length > 1) return expect(await endingOf(rig, order)).toEqual(ADOPTED);
      expect(posts).toEqual([401]);
      // The purchase cannot know that: it looks for minutes before it sends another one.
      await rig.until(order, ({ phase }) => phase === 'Confirming');
      expect(rig.simulator.orders(order.externalSubscriptionId)).toEqual([]);
    },
    TIMEOUT,
  );

  const polling = stage.brought(
    async () => {
      const order = anOrder();
      rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
      await rig.begin(order);
      await rig.until(order, ({ phase }) => phase === 'Provisioning');
      await rig.proxy.hold({ method: 'GET', about: order.externalSubscriptionId, until: 'asked' }).held;
      return order;
    },
    async (order) => rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned'),
  );
  it(
    'while it polls',
    async () => {
      expect(await endingOf(rig, polling())).toMatchObject({ ...ONE_ORDER, posts: 1 });
    },
    TIMEOUT,
  );

  const fetchingToken = stage.brought(async () => {
    const order = anOrder({ tradingPartnerId: NEW });
    const call = rig.proxy.hold({ method: 'POST', about: 'token', until: 'asked' });
    await rig.begin(order);
    await call.held;
    return order;
  });
  it(
    'while it fetches a token',
    async () => {
      expect(await endingOf(rig, fetchingToken())).toMatchObject({ ...ONE_ORDER, posts: 1 });
    },
    TIMEOUT,
  );
});
