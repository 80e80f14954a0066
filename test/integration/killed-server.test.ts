import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../src/simulator/index.js';
import { anOrder, QUICK } from '../helpers/orders.js';
import type { WorkerProcess } from '../helpers/processes.js';
import { WorkerRig } from '../helpers/worker-rig.js';
import { kept, Stage } from '../helpers/worker-stage.js';
import { endingOf, NOT_PLACED, ONE_ORDER } from '../helpers/worker-truth.js';

// A Temporal server that keeps its state in a file is killed while purchases are in every phase, and started
// again where it was.

const TIMEOUT = 300_000;

const SETTLING = { initialInterval: '1s', maximumInterval: '2s', window: '40s' };

/** Nothing of the server's is lost with it: neither what it had been told, nor a timer, nor who waits. */
describe.each([
  ['the Temporal server is killed', false],
  ['the Temporal server and the worker are killed at once', true],
])('when %s, a purchase', (_what, killsWorker) => {
  const stage = new Stage();
  let folder: string;
  let rig: WorkerRig;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'killed-server-'));
    rig = await WorkerRig.start({ server: { dbFilename: join(folder, 'temporal.db') } });
    const worker = await rig.startWorker();
    await rig.purchases.waitForResult(await rig.begin(anOrder()));
    await stage.before();
    await killed(worker);
    await stage.meanwhile();
    await rig.restartServer();
    if (killsWorker) await rig.startWorker();
  }, TIMEOUT);
  afterAll(async () => {
    await rig?.stop();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  async function killed(worker: WorkerProcess): Promise<void> {
    await Promise.all([rig.killServer(), ...(killsWorker ? [worker.kill()] : [])]);
  }

  async function beginBroken(call: 'place' | 'find', then: Fault['then']) {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    rig.simulator.addFault({ call, externalSubscriptionId, then });
    await rig.begin(order, { settling: SETTLING, onRejected: 'park' });
    return order;
  }

  async function holding(until: 'asked' | 'answered') {
    const order = anOrder();
    const call = rig.proxy.hold({ method: 'POST', about: order.externalSubscriptionId, until });
    await rig.begin(order, { settling: SETTLING });
    await call.held;
    return { order, call };
  }

  const answered = stage.brought(
    () => holding('answered'),
    ({ call }) => call.release(),
  );
  it(
    'whose POST is answered meanwhile',
    async () => {
      expect(await endingOf(rig, answered().order)).toMatchObject({ ...ONE_ORDER, posts: 1 });
    },
    TIMEOUT,
  );

  const taken = stage.brought(
    () => holding('asked'),
    ({ call }) => call.release(),
  );
  it(
    'whose POST is taken meanwhile',
    async () => {
      expect(await endingOf(rig, taken().order)).toMatchObject({ ...ONE_ORDER, posts: 1 });
    },
    TIMEOUT,
  );

  const answeredLater = stage.brought(() => holding('answered'));
  it(
    'whose POST is answered after the restart',
    async () => {
      const { order, call } = answeredLater();
      await call.release();
      expect(await endingOf(rig, order)).toMatchObject({ ...ONE_ORDER, posts: 1 });
    },
    TIMEOUT,
  );

  const confirmingLag = stage.brought(async () => {
    const order = await beginBroken('place', [
      { do: 'hide', forMs: 30_000 },
      { do: 'drop', when: 'after' },
    ]);
    await rig.until(order, ({ phase }) => phase === 'Confirming');
    return order;
  });
  it(
    'that confirms an order which the portal does not show yet',
    async () => {
      expect(await endingOf(rig, confirmingLag())).toMatchObject({ ...ONE_ORDER, posts: 1 });
    },
    TIMEOUT,
  );

  const confirmingInVain = stage.brought(async () => {
    const order = await beginBroken('place', { do: 'drop', when: 'before' });
    await rig.until(order, ({ phase }) => phase === 'Confirming');
    return order;
  });
  it(
    'that confirms an order which does not exist',
    async () => {
      expect(await endingOf(rig, confirmingInVain())).toMatchObject({ ...ONE_ORDER, posts: 2 });
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
      return order;
    },
    async (order) => rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned'),
  );
  it(
    'that waits to poll',
    async () => {
      expect(await endingOf(rig, waitingToPoll())).toMatchObject({ ...ONE_ORDER, posts: 1 });
    },
    TIMEOUT,
  );

  const portalAway = stage.brought(async () => {
    const headers = { 'Retry-After': '20' };
    const order = await beginBroken('find', { do: 'answer', when: 'before', status: 503, headers });
    await rig.until(order, ({ lastError }) => lastError?.type === 'PortalUnavailable');
    return order;
  });
  it(
    'that waits for the portal',
    async () => {
      expect(await endingOf(rig, portalAway())).toMatchObject({ ...ONE_ORDER, posts: 1 });
    },
    TIMEOUT,
  );

  const parked = stage.brought(async () => {
    const refusal = { do: 'answer', when: 'before', status: 422, body: { error: 'not today' } } as const;
    const order = await beginBroken('place', refusal);
    await rig.until(order, ({ phase }) => phase === 'ActionRequired');
    return order;
  });
  it(
    'that is parked, until a person acts',
    async () => {
      const { phase, actionRequired } = await rig.until(parked(), () => true);
      expect({ phase, actionRequired }).toMatchObject({
        phase: 'ActionRequired',
        actionRequired: expect.stringContaining('retry'),
      });
      await rig.purchases.retry(parked());
      expect(await endingOf(rig, parked())).toMatchObject({ ...ONE_ORDER, posts: 2 });
    },
    TIMEOUT,
  );

  const callerWaits = stage.brought(async () => {
    const order = anOrder();
    const call = rig.proxy.hold({ method: 'POST', about: order.externalSubscriptionId, until: 'answered' });
    const answer = kept(rig.purchases.purchase(order, { options: QUICK, within: '5m' }));
    await call.held;
    return { order, call, answer };
  });
  it(
    'whose caller waits for the number',
    async () => {
      const { order, call, answer } = callerWaits();
      await call.release();
      const [placed] = rig.simulator.orders(order.externalSubscriptionId);
      expect(await answer).toMatchObject({ value: { subscriptionNumber: placed?.subscriptionNumber } });
      expect(await endingOf(rig, order)).toMatchObject({ ...ONE_ORDER, posts: 1 });
    },
    TIMEOUT,
  );

  const cancelling = stage.brought(async () => {
    const order = await beginBroken('place', { do: 'drop', when: 'before' });
    await rig.until(order, ({ phase }) => phase === 'Confirming');
    const answer = kept(rig.purchases.cancel(order, { within: '5m' }));
    await rig.until(order, ({ cancellation }) => cancellation?.via === 'update');
    return { order, answer };
  });
  it(
    'whose caller waits for the effect of a cancellation',
    async () => {
      const { order, answer } = cancelling();
      expect(await answer).toMatchObject({ value: { effect: 'not-placed' } });
      expect(await endingOf(rig, order)).toMatchObject({ ...NOT_PLACED, posts: 1 });
    },
    TIMEOUT,
  );
});
