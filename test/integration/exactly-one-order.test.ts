import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { retrySignal, statusQuery } from '../../workflows/messages.js';
import { eventually } from '../helpers/eventually.js';
import { typedFailure } from '../helpers/failures.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';
import { useRig } from '../helpers/use-rig.js';
import { startDevEnvironment } from '../helpers/temporal.js';

describe('exactly one order', () => {
  const at = useRig(startDevEnvironment, { simulator: { secondPost: 'duplicate' } });

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
