import type { WorkflowHandle } from '@temporalio/client';
import type { Order } from '../../src/contract/index.js';
import {
  amendOrderUpdate,
  cancelPurchaseUpdate,
  cancelSignal,
  orderPlacedUpdate,
  pollSignal,
  retrySignal,
  statusQuery,
} from '../../workflows/messages.js';
import type { PurchaseWorkflow } from '../../workflows/purchase.js';
import { eventually } from '../helpers/eventually.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';
import type { Rig } from '../helpers/rig.js';

type Handle = WorkflowHandle<typeof PurchaseWorkflow>;

/** Runs one purchase to its end, in a way of its own. */
type Scenario = (rig: Rig) => Promise<Handle>;

const lost = (order: Order, when: 'before' | 'after') =>
  ({
    call: 'place',
    externalSubscriptionId: order.externalSubscriptionId,
    then: { do: 'drop', when },
  }) as const;

/** The portal does not permit the order, once. */
const refusedOnce = (order: Order) =>
  ({
    call: 'place',
    externalSubscriptionId: order.externalSubscriptionId,
    then: { do: 'answer', when: 'before', status: 403 },
  }) as const;

async function ended(handle: Handle): Promise<Handle> {
  await handle.result().catch(() => undefined);
  return handle;
}

const parked = (handle: Handle) =>
  eventually(async () => (await handle.query(statusQuery)).phase === 'ActionRequired' || undefined);

/** What a purchase can live through. Each one's history is checked in, and every change must replay it. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  provisioned: async (rig) => {
    const handle = await rig.begin(anInput());
    await handle.executeUpdate(orderPlacedUpdate, { args: [{ within: '20s' }] });
    return ended(handle);
  },
  adopted: async (rig) => {
    const order = anOrder();
    await rig.portal.placeOrder(order);
    const handle = await rig.begin(anInput(order));
    return ended(handle);
  },
  'lost-answer': async (rig) => {
    const order = anOrder();
    rig.simulator.addFault(lost(order, 'after'));
    const handle = await rig.begin(anInput(order));
    return ended(handle);
  },
  'lost-order': async (rig) => {
    const order = anOrder();
    rig.simulator.addFault(lost(order, 'before'));
    const handle = await rig.begin(anInput(order));
    return ended(handle);
  },
  'parked-and-retried': async (rig) => {
    const order = anOrder();
    rig.simulator.addFault(refusedOnce(order));
    const handle = await rig.begin(anInput(order));
    await parked(handle);
    await handle.signal(retrySignal);
    return ended(handle);
  },
  amended: async (rig) => {
    const order = anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] });
    const handle = await rig.begin(anInput(order, { ...QUICK, onRejected: 'park' }));
    await parked(handle);
    const orderLines = [{ productId: '2c92a0ff', quantity: 1 }];
    await handle.executeUpdate(amendOrderUpdate, { args: [{ ...order, orderLines }] });
    return ended(handle);
  },
  'amended-after-a-look': async (rig) => {
    const order = anOrder();
    rig.simulator.addFault(refusedOnce(order));
    const handle = await rig.begin(anInput(order));
    await parked(handle);
    await handle.executeUpdate(amendOrderUpdate, { args: [{ ...order, note: 'amended' }] });
    return ended(handle);
  },
  'unknown-parked-and-retried': async (rig) => {
    const order = anOrder();
    rig.simulator.addFault({ ...lost(order, 'before'), times: 3 });
    const settling = { initialInterval: '100ms', window: '100ms' };
    const handle = await rig.begin(anInput(order, { ...QUICK, settling }));
    await parked(handle);
    await handle.signal(retrySignal);
    return ended(handle);
  },
  'refused-in-doubt': async (rig) => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    const taken = { do: 'answer', when: 'before', status: 409, body: { error: 'already taken' } } as const;
    rig.simulator.addFault({ call: 'place', externalSubscriptionId, then: taken });
    return ended(await rig.begin(anInput(order)));
  },
  'portal-away': async (rig) => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    const away = { do: 'answer', when: 'before', status: 503, headers: { 'Retry-After': '1' } } as const;
    rig.simulator.addFault({ call: 'find', externalSubscriptionId, times: 3, then: away });
    const handle = await rig.begin(anInput(order));
    await eventually(async () => (await handle.query(statusQuery)).lastError);
    await handle.signal(pollSignal);
    return ended(handle);
  },
  'park-expired': async (rig) => {
    const order = anOrder();
    rig.simulator.addFault(refusedOnce(order));
    return ended(await rig.begin(anInput(order, { ...QUICK, parkDeadline: '1s' })));
  },
  'refused-and-expired': async (rig) => {
    const order = anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] });
    return ended(await rig.begin(anInput(order, { ...QUICK, onRejected: 'park', parkDeadline: '1s' })));
  },
  'parked-while-provisioning': async (rig) => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    const denied = { do: 'answer', when: 'before', status: 403 } as const;
    rig.simulator.addFault({ call: 'find', externalSubscriptionId, skip: 1, then: denied });
    const handle = await rig.begin(anInput(order));
    await parked(handle);
    await handle.signal(retrySignal);
    return ended(handle);
  },
  'too-late-to-cancel': async (rig) => {
    const order = anOrder();
    rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
    const handle = await rig.begin(anInput(order));
    await handle.executeUpdate(orderPlacedUpdate, { args: [{}] });
    await handle.executeUpdate(cancelPurchaseUpdate, { args: [{ reason: 'too late' }] });
    rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
    return ended(handle);
  },
  'cancelled-by-temporal-while-confirming': async (rig) => {
    const order = anOrder();
    rig.simulator.addFault(lost(order, 'before'));
    const handle = await rig.begin(anInput(order));
    await eventually(async () => (await handle.query(statusQuery)).phase === 'Confirming' || undefined);
    await handle.cancel();
    return ended(handle);
  },
  'cancelled-before-a-worker-came': async (rig) => {
    await rig.stopWorker();
    const handle = await rig.begin(anInput());
    await handle.signal(cancelSignal);
    await rig.startWorker();
    return ended(handle);
  },
  rejected: async (rig) => {
    const handle = await rig.begin(
      anInput(anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] })),
    );
    return ended(handle);
  },
  'provisioning-failed': async (rig) => {
    const handle = await rig.begin(anInput(anOrder({ orderLines: [{ productId: 'fails', quantity: 1 }] })));
    return ended(handle);
  },
  overdue: async (rig) => {
    const order = anOrder({ orderLines: [{ productId: 'never-provisions', quantity: 1 }] });
    const handle = await rig.begin(anInput(order, { polling: { initialInterval: '500ms', deadline: '3s' } }));
    return ended(handle);
  },
  'cancelled-by-signal-while-parked': async (rig) => {
    const order = anOrder();
    rig.simulator.addFault(refusedOnce(order));
    const handle = await rig.begin(anInput(order));
    await parked(handle);
    await handle.signal(cancelSignal, { reason: 'changed my mind' });
    return ended(handle);
  },
  'cancelled-by-update-while-confirming': async (rig) => {
    const order = anOrder();
    rig.simulator.addFault(lost(order, 'before'));
    const handle = await rig.begin(
      anInput(order, { ...QUICK, settling: { initialInterval: '100ms', window: '3s' } }),
    );
    await eventually(async () => (await handle.query(statusQuery)).phase === 'Confirming' || undefined);
    await handle.executeUpdate(cancelPurchaseUpdate, { args: [{}] });
    return ended(handle);
  },
  'cancelled-by-temporal-while-provisioning': async (rig) => {
    const order = anOrder({ orderLines: [{ productId: 'never-provisions', quantity: 1 }] });
    const handle = await rig.begin(anInput(order));
    await handle.executeUpdate(orderPlacedUpdate, { args: [{}] });
    await handle.cancel();
    return ended(handle);
  },
  'cancelled-while-the-portal-rests': async (rig) => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    // Longer than Temporal waits by itself.
    const rests = { do: 'answer', when: 'before', status: 503, headers: { 'Retry-After': '33' } } as const;
    rig.simulator.addFault({ call: 'find', externalSubscriptionId, then: rests });
    const handle = await rig.begin(anInput(order));
    await eventually(async () => (await handle.query(statusQuery)).lastError);
    await handle.signal(cancelSignal);
    return ended(handle);
  },
  'held-while-the-portal-is-down': async (rig) => {
    const order = anOrder();
    const { tradingPartnerId } = order;
    const down = { do: 'answer', when: 'before', status: 503 } as const;
    rig.simulator.addFault({ call: 'find', externalSubscriptionId: 'OTHER', times: 'always', then: down });
    const ids = { tradingPartnerId, externalSubscriptionId: 'OTHER' };
    await Promise.allSettled(Array.from({ length: 5 }, () => rig.portal.findSubscription(ids)));
    return ended(await rig.begin(anInput(order)));
  },
  'invalid-order': async (rig) => {
    const handle = await rig.begin({ order: {} });
    return ended(handle);
  },
  'wrong-workflow-id': async (rig) => {
    const handle = await rig.begin(anInput(), { workflowId: `not-the-right-one-${process.pid}` });
    return ended(handle);
  },
};
