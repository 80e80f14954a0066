import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Order, PurchasePhase } from '../../src/contract/index.js';
import type { Fault } from '../../src/simulator/index.js';
import {
  amendOrderUpdate,
  cancelPurchaseUpdate,
  cancelSignal,
  retrySignal,
  statusQuery,
} from '../../workflows/messages.js';
import type { PurchaseWorkflow } from '../../workflows/purchase.js';
import { eventually } from '../helpers/eventually.js';
import { rejection, typedFailure } from '../helpers/failures.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';
import type { Rig } from '../helpers/rig.js';
import { useRig } from '../helpers/use-rig.js';
import { startDevEnvironment } from '../helpers/temporal.js';

type Handle = Awaited<ReturnType<Rig['begin']>>;

const WINDOW = { initialInterval: '1s', maximumInterval: '1s', window: '12s' };
const DENIED = { do: 'answer', when: 'before', status: 403 } as const;

/** The order is taken, its answer lost, and nobody finds it for a while: less than the window. */
const takenUnseen: Fault['then'] = [
  { do: 'hide', forMs: 8_000 },
  { do: 'drop', when: 'after' },
];

/** EVENT_TYPE of signals that a reset leaves out: `ResetReapplyExcludeType`. */
const WITHOUT_SIGNALS = 1;

// That no order exists is the one thing which nobody can take back, so nothing old is believed.
describe('"not-placed" and a second order', () => {
  const at = useRig(startDevEnvironment, { simulator: { secondPost: 'duplicate' } });

  function breakCall(call: 'place' | 'find', order: Order, then: Fault['then'], more = {}): void {
    const { externalSubscriptionId } = order;
    at.rig.simulator.addFault({ call, externalSubscriptionId, then, ...more });
  }

  async function inPhase(handle: Handle, phase: PurchasePhase): Promise<void> {
    await eventually(async () => (await handle.query(statusQuery)).phase === phase || undefined);
  }

  /** The last workflow task so far: where a reset goes back to. */
  async function lastTask(handle: Handle) {
    const { events } = await handle.fetchHistory();
    return events?.findLast((event) => event.workflowTaskCompletedEventAttributes)?.eventId ?? null;
  }

  async function reset(
    handle: Handle,
    task: Awaited<ReturnType<typeof lastTask>>,
    leftOut: number[] = [],
  ): Promise<Handle> {
    const { workflowId } = handle;
    await at.env.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId, runId: (await handle.describe()).runId },
      workflowTaskFinishEventId: task,
      requestId: randomUUID(),
      reason: 'a test',
      resetReapplyExcludeTypes: leftOut,
    });
    return at.env.client.workflow.getHandle<typeof PurchaseWorkflow>(workflowId);
  }

  /** A purchase that was terminated while its order was at the portal, and could not be seen. */
  async function stoppedUnseen(): Promise<Order> {
    const order = anOrder();
    breakCall('place', order, takenUnseen);
    const handle = await at.rig.begin(anInput(order, { ...QUICK, settling: WINDOW }));
    await inPhase(handle, 'Confirming');
    await handle.terminate();
    // The server's lists lag.
    await eventually(async () => {
      const query = `WorkflowId = '${handle.workflowId}' AND ExecutionStatus = 'Terminated'`;
      return (await at.env.client.workflow.count(query)).count === 1 || undefined;
    });
    return order;
  }

  it('a run that is reset to its first doubt waits for what it sent after it', async () => {
    const order = anOrder();
    breakCall('place', order, { do: 'drop', when: 'before' });
    breakCall('place', order, takenUnseen);
    const handle = await at.rig.begin(anInput(order, { ...QUICK, settling: WINDOW }));
    const task = await eventually(async () => {
      const { timeline } = await handle.query(statusQuery);
      return timeline.some(({ event }) => event === 'OrderNotFound') ? lastTask(handle) : undefined;
    });
    await eventually(() => at.rig.ordersFor(order) === 1 || undefined);
    await (await reset(handle, task)).result();
    expect(at.rig.ordersFor(order)).toBe(1);
  });

  it('a run that is reset to where its order was refused asks before it says that there is none', async () => {
    const order = anOrder();
    breakCall('place', order, { do: 'answer', when: 'before', status: 400, body: { message: 'no' } });
    const handle = await at.rig.begin(anInput(order, { ...QUICK, onRejected: 'park' }));
    await inPhase(handle, 'ActionRequired');
    const task = await lastTask(handle);
    at.rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
    await handle.signal(retrySignal);
    await inPhase(handle, 'Provisioning');
    const again = await reset(handle, task, [WITHOUT_SIGNALS]);
    await inPhase(again, 'ActionRequired');
    const { effect } = await again.executeUpdate(cancelPurchaseUpdate, { args: [{}] });
    expect([effect, at.rig.ordersFor(order)]).toEqual(['too-late', 1]);
    await again.terminate();
  });

  it('a run after a terminated one waits for the order of that before it says that there is none', async () => {
    const order = await stoppedUnseen();
    breakCall('find', order, DENIED);
    const handle = await at.rig.begin(anInput(order, { ...QUICK, settling: WINDOW }));
    await inPhase(handle, 'ActionRequired');
    const { effect } = await handle.executeUpdate(cancelPurchaseUpdate, { args: [{}] });
    expect([effect, at.rig.ordersFor(order)]).toEqual(['too-late', 1]);
    await handle.result();
  });

  it('also when it is cancelled before anything else', async () => {
    const order = await stoppedUnseen();
    at.rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
    await at.rig.stopWorker();
    const handle = await at.rig.begin(anInput(order, { ...QUICK, settling: WINDOW }));
    await handle.signal(cancelSignal);
    await at.rig.startWorker();
    await inPhase(handle, 'Provisioning');
    expect((await handle.query(statusQuery)).cancellation?.effect).toBe('too-late');
    const another = { ...order, note: 'another order under the same IDs' };
    expect(await rejection(at.rig.client.purchase(another))).toMatchObject({ type: 'OrderConflict' });
    await handle.terminate();
  });

  it('a look that was begun before the settling window ended is not the last one', async () => {
    const order = anOrder();
    breakCall('place', order, [
      { do: 'hide', forMs: 4_500 },
      { do: 'drop', when: 'after' },
    ]);
    breakCall('find', order, { do: 'delay', when: 'after', ms: 3_000 }, { skip: 1 });
    const settling = { initialInterval: '3s', maximumInterval: '3s', window: '5s' };
    const handle = await at.rig.begin(anInput(order, { ...QUICK, settling }));
    await inPhase(handle, 'Confirming');
    const { effect } = await handle.executeUpdate(cancelPurchaseUpdate, { args: [{}] });
    expect([effect, at.rig.ordersFor(order)]).toEqual(['too-late', 1]);
  });

  it('a park that expires asks first, and follows an order that a person had placed meanwhile', async () => {
    const order = anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] });
    const options = { ...QUICK, onRejected: 'park', parkDeadline: '3s' } as const;
    const handle = await at.rig.begin(anInput(order, options));
    await inPhase(handle, 'ActionRequired');
    const orderLines = [{ productId: '2c92a0ff', quantity: 1 }];
    const { subscriptionNumber } = await at.rig.portal.placeOrder({ ...order, orderLines });
    await expect(handle.result()).resolves.toMatchObject({ subscriptionNumber });
  });

  it('a park that expires goes on with an order that was followed before, though another one was refused', async () => {
    const order = anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] });
    const options = { ...QUICK, onRejected: 'park', parkDeadline: '5s' } as const;
    at.rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
    const handle = await at.rig.begin(anInput(order, options));
    await inPhase(handle, 'ActionRequired');
    const orderLines = [{ productId: '2c92a0ff', quantity: 1 }];
    await handle.executeUpdate(amendOrderUpdate, { args: [{ ...order, orderLines }] });
    await inPhase(handle, 'Provisioning');
    breakCall('find', order, DENIED);
    await inPhase(handle, 'ActionRequired');
    at.rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'Provisioned' });
    expect(at.rig.ordersFor(order)).toBe(1);
  });

  it('a park that expires claims nothing when the portal does not say', async () => {
    const order = anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] });
    const options = { ...QUICK, onRejected: 'park', parkDeadline: '2s' } as const;
    const handle = await at.rig.begin(anInput(order, options));
    await inPhase(handle, 'ActionRequired');
    breakCall('find', order, DENIED, { times: 'always' });
    expect((await typedFailure(handle.result())).type).toBe('ParkExpired');
    expect((await handle.describe()).memo).toMatchObject({ purchase: { order: 'unknown' } });
  });
});

describe('a parked purchase', () => {
  const at = useRig(startDevEnvironment);

  it('names the unknown outcome, not the trouble that came after it', async () => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    at.rig.simulator.addFault({
      call: 'place',
      externalSubscriptionId,
      times: 3,
      then: { do: 'drop', when: 'before' },
    });
    const settling = { initialInterval: '200ms', maximumInterval: '200ms', window: '1s' };
    const handle = await at.rig.begin(anInput(order, { ...QUICK, settling }));
    const doubts = async () =>
      (await handle.query(statusQuery)).timeline.filter(({ event }) => event === 'OutcomeUnknown').length;
    await eventually(async () => (await doubts()) === 3 || undefined);
    const away = { do: 'answer', when: 'before', status: 503 } as const;
    at.rig.simulator.addFault({ call: 'find', externalSubscriptionId, times: 2, then: away });
    const parked = await eventually(async () => {
      const status = await handle.query(statusQuery);
      return status.phase === 'ActionRequired' ? status : undefined;
    });
    expect(parked.lastError?.type).toBe('UnknownOutcome');
    expect(parked.actionRequired).toContain('Ask GitLab whether');
    await handle.terminate();
  });

  it('continues as new when callers asked it often', async () => {
    const order = anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] });
    const handle = await at.rig.begin(anInput(order, { ...QUICK, onRejected: 'park' }));
    await eventually(async () => (await handle.query(statusQuery)).phase === 'ActionRequired' || undefined);
    const { runId } = await handle.describe();
    // Signals that mean nothing now fill a history as well as anything.
    const isAnother = async () => (await handle.describe()).runId !== runId || undefined;
    await eventually(async () => {
      await Promise.all(Array.from({ length: 100 }, () => handle.signal('noSuchSignal')));
      return isAnother();
    }, 60);
    expect((await handle.query(statusQuery)).phase).toBe('ActionRequired');
    const { effect } = await handle.executeUpdate(cancelPurchaseUpdate, { args: [{}] });
    expect(effect).toBe('not-placed');
  });
});
