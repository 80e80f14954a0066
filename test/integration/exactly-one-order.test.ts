import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/simulator/index.js';
import { retrySignal, statusQuery } from '../../workflows/messages.js';
import { eventually } from '../helpers/eventually.js';
import { typedFailure } from '../helpers/failures.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';
import { useRig } from '../helpers/use-rig.js';
import { startDevEnvironment } from '../helpers/temporal.js';

/** What goes wrong, and how many orders a client that asks twice would have placed. */
const FAULTS: readonly [string, Fault['then']][] = [
  ['the connection is lost before the order is taken', { do: 'drop', when: 'before' }],
  ['the connection is lost after the order was taken', { do: 'drop', when: 'after' }],
  ['500 before', { do: 'answer', when: 'before', status: 500 }],
  ['500 after', { do: 'answer', when: 'after', status: 500 }],
  [
    '503 with Retry-After after',
    { do: 'answer', when: 'after', status: 503, headers: { 'Retry-After': '1' } },
  ],
  ['429 with Retry-After', { do: 'answer', when: 'before', status: 429, headers: { 'Retry-After': '1' } }],
  ['408 before', { do: 'answer', when: 'before', status: 408 }],
  ['a redirect', { do: 'answer', when: 'before', status: 302, headers: { Location: 'http://127.0.0.1:9/' } }],
  [
    'a web page with 200, after',
    { do: 'answer', when: 'after', status: 200, body: '<html>', contentType: 'text/html' },
  ],
  [
    'a web page with 200, before',
    { do: 'answer', when: 'before', status: 200, body: '<html>', contentType: 'text/html' },
  ],
  ['201 without a number, after', { do: 'answer', when: 'after', status: 201, body: { ok: true } }],
  ['409 after', { do: 'answer', when: 'after', status: 409, body: { error: 'already taken' } }],
  ['422 after', { do: 'answer', when: 'after', status: 422, body: { error: 'already taken' } }],
  [
    'lost, and not found for a while',
    [
      { do: 'hide', forMs: 500 },
      { do: 'drop', when: 'after' },
    ],
  ],
  ['401 once', { do: 'answer', when: 'before', status: 401 }],
];

describe('exactly one order', () => {
  const at = useRig(startDevEnvironment, { simulator: { secondPost: 'duplicate' } });

  it.each(FAULTS)('%s, once', async (_name, then) => {
    const order = anOrder();
    at.rig.simulator.addFault({ call: 'place', externalSubscriptionId: order.externalSubscriptionId, then });
    const handle = await at.rig.begin(anInput(order));
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'Provisioned' });
    expect(at.rig.ordersFor(order)).toBe(1);
  });

  it.each(FAULTS)('%s, twice', async (_name, then) => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    at.rig.simulator.addFault({ call: 'place', externalSubscriptionId, times: 2, then });
    const handle = await at.rig.begin(anInput(order));
    // A token that is refused twice is a person's business.
    if (typeof then === 'object' && 'status' in then && then.status === 401) {
      await eventually(async () =>
        (await handle.query(statusQuery)).phase === 'ActionRequired' ? true : undefined,
      );
      await handle.signal(retrySignal);
    }
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'Provisioned' });
    expect(at.rig.ordersFor(order)).toBe(1);
  });

  it('asks for a person after three POSTs of unknown outcome, and goes on when told to', async () => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    at.rig.simulator.addFault({
      call: 'place',
      externalSubscriptionId,
      times: 3,
      then: { do: 'drop', when: 'before' },
    });
    const handle = await at.rig.begin(
      anInput(order, { ...QUICK, settling: { initialInterval: '100ms', window: '100ms' } }),
    );
    const parked = await eventually(async () => {
      const status = await handle.query(statusQuery);
      return status.phase === 'ActionRequired' ? status : undefined;
    });
    expect(parked.lastError?.type).toBe('UnknownOutcome');
    expect(parked.actionRequired).toContain('partnerorderops@gitlab.com');
    await handle.signal(retrySignal);
    await handle.result();
    expect(at.rig.ordersFor(order)).toBe(1);
  });

  /** An order that the portal took, hides for a while, and of which the run never heard. */
  async function unheardOf() {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    at.rig.simulator.addFault({
      call: 'place',
      externalSubscriptionId,
      then: [
        { do: 'hide', forMs: 3_000 },
        { do: 'drop', when: 'after' },
      ],
    });
    const handle = await at.rig.begin(anInput(order, { ...QUICK, settling: { initialInterval: '500ms' } }));
    await eventually(async () => (await handle.query(statusQuery)).phase === 'Confirming' || undefined);
    return { order, handle };
  }

  it('also when the run is terminated while its outcome is unknown, and started again', async () => {
    const { order, handle } = await unheardOf();
    await handle.terminate();
    const again = await at.rig.begin(anInput(order));
    await expect(again.result()).resolves.toMatchObject({ outcome: 'Provisioned' });
    expect(at.rig.ordersFor(order)).toBe(1);
  });

  it('also when the run is reset to before it placed the order', async () => {
    const { order, handle } = await unheardOf();
    const { events } = await handle.fetchHistory();
    const placed = events?.findIndex(
      ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'placeOrder',
    );
    const before = events?.slice(0, placed).findLast((event) => event.workflowTaskCompletedEventAttributes);
    await at.env.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: handle.workflowId },
      workflowTaskFinishEventId: before?.eventId ?? null,
      requestId: randomUUID(),
      reason: 'a test',
    });
    const again = at.env.client.workflow.getHandle(handle.workflowId);
    await expect(again.result()).resolves.toMatchObject({ outcome: 'Provisioned' });
    expect(at.rig.ordersFor(order)).toBe(1);
  });

  it('looks between two POSTs, always', () => {
    const lastCall = new Map<string, string>();
    // A 401 took nothing: the call is repeated at once with a new token.
    const heard = at.rig.simulator.journal.filter(({ status }) => status !== 401);
    for (const { call, externalSubscriptionId: id = '' } of heard) {
      if (call === 'place') expect([id, lastCall.get(id)]).toEqual([id, 'find']);
      if (call === 'place' || call === 'find') lastCall.set(id, call);
    }
    expect(lastCall.size).toBeGreaterThan(0);
  });

  it('adopts an order that the portal has already', async () => {
    const order = anOrder();
    // As if an earlier run, long past its retention, had placed it.
    const { subscriptionNumber } = await at.rig.portal.placeOrder(order);
    const handle = await at.rig.begin(anInput(order));
    await expect(handle.result()).resolves.toMatchObject({ subscriptionNumber });
    expect((await handle.query(statusQuery)).timeline.map(({ event }) => event)).toContain('OrderFound');
    expect(at.rig.ordersFor(order)).toBe(1);
  });

  it('fails with the portal’s words when the order is refused', async () => {
    const order = anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] });
    const handle = await at.rig.begin(anInput(order));
    const failure = await typedFailure(handle.result());
    expect(failure.type).toBe('OrderRejected');
    expect(failure.details?.[0]).toMatchObject({ phase: 'Failed', httpStatus: 422 });
    expect(at.rig.ordersFor(order)).toBe(0);
  });
});
