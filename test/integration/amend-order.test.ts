import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { ApplicationFailure, RawValue } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { defineUpdate } from '@temporalio/workflow';
import { describe, expect, it } from 'vitest';
import { createActivities } from '../../activities/index.js';
import { PurchaseFailedError } from '../../src/client/index.js';
import { purchaseWorkflowId, WORKFLOW_TYPE, type Order } from '../../src/contract/index.js';
import type { Fault } from '../../src/simulator/index.js';
import { workflowCode } from '../../src/worker/bundle.js';
import {
  amendOrderUpdate,
  cancelPurchaseUpdate,
  orderPlacedUpdate,
  retrySignal,
  statusQuery,
} from '../../workflows/messages.js';
import { eventually } from '../helpers/eventually.js';
import { rejection, typedFailure } from '../helpers/failures.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';
import type { Rig } from '../helpers/rig.js';
import { useRig } from '../helpers/use-rig.js';
import { startDevEnvironment } from '../helpers/temporal.js';

type Handle = Awaited<ReturnType<Rig['begin']>>;

const REFUSED = [{ productId: 'refuse-me', quantity: 1 }];

function corrected(order: Order): Order {
  return { ...order, orderLines: [{ productId: '2c92a0ff', quantity: 3 }] };
}

function amend(handle: Handle, order: Order) {
  return handle.executeUpdate(amendOrderUpdate, { args: [order] });
}

async function untilParked(handle: Handle): Promise<void> {
  await eventually(async () => (await handle.query(statusQuery)).phase === 'ActionRequired' || undefined);
}

describe('amendOrder', () => {
  const at = useRig(startDevEnvironment);

  /** A purchase that waits for a person, because the portal refused its order. */
  async function refused(options = {}) {
    const order = anOrder({ orderLines: REFUSED });
    const handle = await at.rig.begin(anInput(order, { ...QUICK, onRejected: 'park', ...options }));
    await untilParked(handle);
    return { order, handle };
  }

  it('replaces an order that was refused, and the purchase goes on with it', async () => {
    const { order, handle } = await refused();
    expect((await handle.query(statusQuery)).actionRequired).toContain('"amendOrder"');
    const { externalSubscriptionId, tradingPartnerId } = order;
    await expect(amend(handle, corrected(order))).resolves.toEqual({
      phase: 'Placing',
      externalSubscriptionId,
      tradingPartnerId,
    });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'Provisioned' });
    expect(at.rig.simulator.orders(externalSubscriptionId).map(({ body }) => body)).toEqual([
      corrected(order),
    ]);
    const { timeline } = await handle.query(statusQuery);
    expect(timeline.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['Parked', 'OrderAmended', 'Resumed', 'OrderPlaced']),
    );
  });

  it('lets an order be amended again when it is refused again', async () => {
    const { order, handle } = await refused();
    await amend(handle, { ...order, orderLines: [...REFUSED, ...REFUSED] });
    await eventually(async () => {
      const { phase, timeline } = await handle.query(statusQuery);
      const refusals = timeline.filter(({ event }) => event === 'Parked').length;
      return (phase === 'ActionRequired' && refusals === 2) || undefined;
    });
    await amend(handle, corrected(order));
    await handle.result();
    expect(at.rig.ordersFor(order)).toBe(1);
  });

  it('asks the portal first when nobody asked it yet', async () => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    const denied = { do: 'answer', when: 'before', status: 403 } as const;
    at.rig.simulator.addFault({ call: 'find', externalSubscriptionId, then: denied });
    const handle = await at.rig.begin(anInput(order));
    await untilParked(handle);
    const finds = () =>
      at.rig.simulator.journal.filter(
        (entry) => entry.call === 'find' && entry.externalSubscriptionId === externalSubscriptionId,
      ).length;
    const before = finds();
    await amend(handle, corrected(order));
    expect(finds()).toBeGreaterThan(before);
    await handle.result();
    expect(at.rig.simulator.orders(externalSubscriptionId)[0]?.body).toEqual(corrected(order));
  });

  it('replaces nothing when the portal has an order already', async () => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    const denied = { do: 'answer', when: 'before', status: 403 } as const;
    at.rig.simulator.addFault({ call: 'find', externalSubscriptionId, then: denied });
    const { subscriptionNumber } = await at.rig.portal.placeOrder(order);
    const handle = await at.rig.begin(anInput(order));
    await untilParked(handle);
    const failure = await typedFailure(amend(handle, corrected(order)));
    expect(failure.type).toBe('OrderConflict');
    expect((await handle.query(statusQuery)).phase).toBe('ActionRequired');
    await handle.signal(retrySignal);
    await expect(handle.result()).resolves.toMatchObject({ subscriptionNumber });
  });

  it('replaces nothing when a person had another order placed since it was refused', async () => {
    const { order, handle } = await refused();
    const byHand = { ...order, orderLines: [{ productId: 'by-hand', quantity: 1 }] };
    const { subscriptionNumber } = await at.rig.portal.placeOrder(byHand);
    expect((await typedFailure(amend(handle, corrected(order)))).type).toBe('OrderConflict');
    await handle.signal(retrySignal);
    await expect(handle.result()).resolves.toMatchObject({ subscriptionNumber });
  });

  it('replaces nothing while the order of a terminated run may still turn up', async () => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    const unseen: Fault['then'] = [
      { do: 'hide', forMs: 8_000 },
      { do: 'drop', when: 'after' },
    ];
    at.rig.simulator.addFault({ call: 'place', externalSubscriptionId, then: unseen });
    const first = await at.rig.begin(anInput(order));
    await eventually(async () => (await first.query(statusQuery)).phase === 'Confirming' || undefined);
    await first.terminate();
    const denied = { do: 'answer', when: 'before', status: 403 } as const;
    at.rig.simulator.addFault({ call: 'find', externalSubscriptionId, then: denied });
    const second = await at.rig.begin(anInput(order));
    await untilParked(second);
    expect((await typedFailure(amend(second, corrected(order)))).type).toBe('OrderConflict');
    await second.signal(retrySignal);
    await second.result();
    expect(at.rig.simulator.orders(externalSubscriptionId).map(({ body }) => body)).toEqual([order]);
  });

  it('replaces nothing when the portal does not say whether it has the order', async () => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    const denied = { do: 'answer', when: 'before', status: 403 } as const;
    at.rig.simulator.addFault({ call: 'find', externalSubscriptionId, times: 2, then: denied });
    const handle = await at.rig.begin(anInput(order));
    await untilParked(handle);
    expect((await typedFailure(amend(handle, corrected(order)))).type).toBe('NotPermitted');
    await handle.signal(retrySignal);
    await handle.result();
    expect(at.rig.simulator.orders(externalSubscriptionId)[0]?.body).toEqual(order);
  });

  it('takes one of two amendments that come at once', async () => {
    const { order, handle } = await refused();
    const orders = [corrected(order), { ...corrected(order), note: 'the other one' }];
    const outcomes = await Promise.allSettled(orders.map((each) => amend(handle, each)));
    const taken = orders.filter((_order, index) => outcomes[index]?.status === 'fulfilled');
    expect(taken).toHaveLength(1);
    await handle.result();
    expect(at.rig.simulator.orders(order.externalSubscriptionId).map(({ body }) => body)).toEqual(taken);
  });

  describe('whose look at the portal takes long', () => {
    const slow = (ms: number) => ({ do: 'delay', when: 'before', ms }) as const;
    const denied = { do: 'answer', when: 'before', status: 403 } as const;

    /** A purchase that is parked because its looks are denied, and what its next looks come to. */
    async function denyLooks(looks: Fault['then'][], taskQueue = at.rig.taskQueue, parkDeadline = '1d') {
      const order = anOrder();
      for (const then of [denied, ...looks]) {
        const { externalSubscriptionId } = order;
        at.rig.simulator.addFault({ call: 'find', externalSubscriptionId, then });
      }
      const handle = await at.rig.begin(anInput(order, { ...QUICK, parkDeadline }), { taskQueue });
      await untilParked(handle);
      const amending = rejection(amend(handle, corrected(order))).catch(() => 'amended');
      await eventually(async () => {
        const { events } = await handle.fetchHistory();
        const isLook = events?.some(
          ({ activityTaskScheduledEventAttributes: scheduled }) =>
            scheduled?.activityType?.name === 'getSubscriptionStatus',
        );
        return isLook || undefined;
      });
      return { order, handle, amending };
    }

    it('does not keep a long run from continuing as a new one', async () => {
      const { order, handle, amending } = await denyLooks([slow(14_000), [slow(9_000), denied]]);
      const { runId } = await handle.describe();
      await handle.signal(retrySignal);
      await eventually(async () => (await handle.query(statusQuery)).phase === 'Placing' || undefined);
      // Signals that mean nothing now make the history long.
      for (let hundreds = 0; hundreds < 21; hundreds += 1) {
        await Promise.all(Array.from({ length: 100 }, () => handle.signal(retrySignal)));
      }
      await amending;
      await eventually(async () => (await handle.describe()).runId !== runId || undefined);
      await eventually(async () => {
        await handle.signal(retrySignal);
        return at.rig.ordersFor(order) === 1 || undefined;
      });
      await expect(handle.result()).resolves.toMatchObject({ outcome: 'Provisioned' });
    });

    it('does not let a purchase fail that it leads on', async () => {
      const taskQueue = `${at.rig.taskQueue}-${randomUUID()}`;
      const activities = createActivities(at.rig.portal);
      const shared = { connection: at.env.nativeConnection, namespace: 'default', taskQueue };
      const startWorkflows = () =>
        Worker.create({ ...shared, ...workflowCode(), activities, enableNonLocalActivities: false });
      const onlyActivities = await Worker.create({ ...shared, activities });
      await onlyActivities.runUntil(async () => {
        const first = await startWorkflows();
        const { handle, amending } = await first.runUntil(denyLooks([slow(3_000)], taskQueue, '6s'));
        // The answer of the look and the end of the park deadline wait for the next worker together.
        await eventually(async () => {
          const { events } = await handle.fetchHistory();
          const fired = events?.filter(({ timerFiredEventAttributes }) => timerFiredEventAttributes) ?? [];
          return fired.length > 0 || undefined;
        });
        const second = await startWorkflows();
        await second.runUntil(async () => {
          expect(await amending).toBe('amended');
          await expect(handle.result()).resolves.toMatchObject({ outcome: 'Provisioned' });
        });
      });
    });
  });

  describe('is refused', () => {
    it('with another ID', async () => {
      const { order, handle } = await refused();
      const other = { ...corrected(order), externalSubscriptionId: `${order.externalSubscriptionId}-b` };
      expect((await typedFailure(amend(handle, other))).type).toBe('InvalidOrder');
      await handle.cancel();
    });

    it.each([
      ['nothing', undefined],
      ['null', null],
      ['a text', 'EXT-1'],
      ['a list', []],
    ])('with %s instead of an order', async (_name, argument) => {
      const { handle } = await refused();
      const anything = defineUpdate<unknown, [unknown]>('amendOrder');
      const failure = await typedFailure(handle.executeUpdate(anything, { args: [argument] }));
      expect(failure.type).toBe('InvalidOrder');
      await handle.cancel();
    });

    it('with an order that is not valid, every problem listed, and the purchase stays parked', async () => {
      const { order, handle } = await refused();
      const failure = await typedFailure(amend(handle, { ...order, orderLines: [] }));
      expect(failure.type).toBe('InvalidOrder');
      expect(failure.details?.[0]).toMatchObject({ problems: [{ path: 'order.orderLines' }] });
      expect((await handle.query(statusQuery)).phase).toBe('ActionRequired');
      await handle.cancel();
    });

    it('with endless nesting', async () => {
      const { order, handle } = await refused();
      const deep = `${'['.repeat(50_000)}1${']'.repeat(50_000)}`;
      const text = JSON.stringify({ ...order, deep: 0 }).replace('"deep":0', `"deep":${deep}`);
      const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(text) };
      const anything = defineUpdate<unknown, [unknown]>('amendOrder');
      const amending = handle.executeUpdate(anything, { args: [RawValue.fromPayload(payload)] });
      expect((await typedFailure(amending)).type).toBe('InvalidOrder');
      expect((await handle.query(statusQuery)).phase).toBe('ActionRequired');
      await handle.cancel();
    });

    it('once the order exists', async () => {
      const order = anOrder({ orderLines: [{ productId: 'never-provisions', quantity: 1 }] });
      const handle = await at.rig.begin(anInput(order));
      await handle.executeUpdate(orderPlacedUpdate, { args: [{}] });
      const failure = await typedFailure(amend(handle, corrected(order)));
      expect(failure).toMatchObject({ type: 'OrderConflict', message: expect.stringContaining('exists') });
      await handle.cancel();
    });

    it('while the purchase is under way', async () => {
      const order = anOrder();
      const { externalSubscriptionId } = order;
      const delay = { do: 'delay', when: 'before', ms: 2_000 } as const;
      at.rig.simulator.addFault({ call: 'find', externalSubscriptionId, then: delay });
      const handle = await at.rig.begin(anInput(order));
      expect((await typedFailure(amend(handle, corrected(order)))).type).toBe('OrderConflict');
      await handle.result();
      expect(at.rig.simulator.orders(externalSubscriptionId)[0]?.body).toEqual(order);
    });

    it('while it is parked because nobody knows whether the order exists', async () => {
      const order = anOrder();
      const { externalSubscriptionId } = order;
      const lost = { do: 'drop', when: 'before' } as const;
      at.rig.simulator.addFault({ call: 'place', externalSubscriptionId, times: 3, then: lost });
      const settling = { initialInterval: '100ms', window: '100ms' };
      const handle = await at.rig.begin(anInput(order, { ...QUICK, settling }));
      await untilParked(handle);
      const failure = await typedFailure(amend(handle, corrected(order)));
      expect(failure).toMatchObject({ type: 'OrderConflict', message: expect.stringContaining('not known') });
      await handle.cancel();
    });
  });

  it('does not keep a cancellation from coming first', async () => {
    const { order, handle } = await refused();
    const { effect } = await handle.executeUpdate(cancelPurchaseUpdate, { args: [{}] });
    expect(effect).toBe('not-placed');
    await rejection(amend(handle, corrected(order)));
    await rejection(handle.result());
    expect(at.rig.ordersFor(order)).toBe(0);
  });

  describe('PurchaseClient', () => {
    it('amends, and knows afterwards which order the purchase buys', async () => {
      const { order, handle } = await refused();
      const { client } = at.rig;
      await expect(client.amend(corrected(order))).resolves.toMatchObject({ phase: 'Placing' });
      await handle.result();
      await expect(client.purchase(corrected(order))).resolves.toMatchObject({ phase: 'Provisioned' });
      await expect(client.start(corrected(order))).resolves.toMatchObject({ workflowId: handle.workflowId });
      for (const call of [() => client.purchase(order), () => client.start(order)]) {
        const error = await rejection(call());
        expect(error).toBeInstanceOf(PurchaseFailedError);
        expect(error).toMatchObject({ type: 'OrderConflict' });
      }
      expect(at.rig.ordersFor(order)).toBe(1);
    });

    it('finds the amended purchase while it runs', async () => {
      const { order } = await refused({ polling: { initialInterval: '1m', deadline: '1d' } });
      const { client } = at.rig;
      at.rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
      await client.amend(corrected(order));
      const { subscriptionNumber } = await client.purchase(corrected(order));
      expect(subscriptionNumber).toBe(
        at.rig.simulator.orders(order.externalSubscriptionId)[0]?.subscriptionNumber,
      );
      await expect(client.start(corrected(order))).resolves.toMatchObject({ runId: expect.any(String) });
      expect(await rejection(client.purchase(order))).toMatchObject({ type: 'OrderConflict' });
    });

    it('tells apart what is refused', async () => {
      const { order, handle } = await refused();
      const { client } = at.rig;
      expect(await rejection(client.amend({ ...order, orderLines: [] }))).toMatchObject({
        type: 'InvalidOrder',
      });
      await handle.cancel();
      await rejection(handle.result());
      expect(await rejection(client.amend(corrected(order)))).toMatchObject({ name: 'PurchaseEndedError' });
    });
  });

  it('is compared with by a caller in another language who means the old order', async () => {
    const { order, handle } = await refused();
    at.rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
    await amend(handle, corrected(order));
    const again = (meant: Order) =>
      at.env.client.workflow.executeUpdateWithStart(orderPlacedUpdate, {
        args: [{ order: meant }],
        startWorkflowOperation: new WithStartWorkflowOperation(WORKFLOW_TYPE, {
          workflowId: purchaseWorkflowId(meant),
          taskQueue: at.rig.taskQueue,
          args: [anInput(meant)],
          workflowIdConflictPolicy: 'USE_EXISTING',
        }),
      });
    await expect(again(corrected(order))).resolves.toMatchObject({ phase: 'Provisioning' });
    const failure = await typedFailure(again(order));
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure.type).toBe('OrderConflict');
    at.rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
    await handle.result();
  });
});
