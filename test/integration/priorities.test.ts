import type { WorkflowHandle } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { amendOrderUpdate, cancelSignal, statusQuery } from '../../workflows/messages.js';
import { eventually } from '../helpers/eventually.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';
import { startDevEnvironment } from '../helpers/temporal.js';
import { useRig } from '../helpers/use-rig.js';

const stage = useRig(startDevEnvironment);

/** The activities of a run as they were handed to the server, with their types. */
async function scheduled(handle: WorkflowHandle) {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: activity }) =>
    activity ? [[activity.activityType?.name ?? '', activity] as const] : [],
  );
}

/** The priority keys of the activities of a type, in their order. */
async function prioritiesOf(handle: WorkflowHandle, type: string) {
  const activities = await scheduled(handle);
  return activities.flatMap(([name, { priority }]) => (name === type ? priority?.priorityKey : []));
}

describe("a purchase's tasks", () => {
  it('wait as long as it takes, by what they are for, and in turn with those of other partners', async () => {
    const order = anOrder({ tradingPartnerId: `${'x'.repeat(63)}ä` });
    const fairnessKey = 'x'.repeat(63);
    // A caller that knows nothing of turns.
    const handle = await stage.rig.begin(anInput(order, QUICK));
    await handle.result();
    const activities = await scheduled(handle);
    const priorities = activities.map(([name, { priority }]) => [name, priority]);
    expect(Object.fromEntries(priorities)).toMatchObject({
      fetchToken: { priorityKey: 2, fairnessKey },
      placeOrder: { priorityKey: 2, fairnessKey },
      getSubscriptionStatus: { priorityKey: 4, fairnessKey },
    });
    for (const { scheduleToCloseTimeout, scheduleToStartTimeout } of activities.map(
      ([, activity]) => activity,
    )) {
      expect(Number(scheduleToCloseTimeout?.seconds ?? 0)).toBe(0);
      expect(Number(scheduleToStartTimeout?.seconds ?? 0)).toBe(0);
    }
  });

  it('go before others the more somebody waits for them', async () => {
    const order = anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] });
    const { externalSubscriptionId } = order;
    const handle = await stage.rig.begin(anInput(order, { ...QUICK, onRejected: 'park' }));
    await eventually(async () => (await handle.query(statusQuery)).phase === 'ActionRequired' || undefined);
    // A person puts it right, and then the answer to its POST is lost.
    stage.rig.simulator.addFault({
      call: 'place',
      externalSubscriptionId,
      then: { do: 'drop', when: 'after' },
    });
    await handle.executeUpdate(amendOrderUpdate, {
      args: [{ ...order, orderLines: [{ productId: '2c92a0ff', quantity: 1 }] }],
    });
    await handle.result();
    // Before it is amended, and to find the order.
    expect(await prioritiesOf(handle, 'getSubscriptionStatus')).toEqual([1, 3]);
  });

  it('go before all others where they end a purchase', async () => {
    const order = anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] });
    const handle = await stage.rig.begin(anInput(order, { ...QUICK, onRejected: 'park' }));
    await eventually(async () => (await handle.query(statusQuery)).phase === 'ActionRequired' || undefined);
    await handle.signal(cancelSignal, {});
    await expect(handle.result()).rejects.toThrow('cancelled');
    expect(await prioritiesOf(handle, 'getSubscriptionStatus')).toEqual([1]);
    expect(await prioritiesOf(handle, 'requestCancellation')).toEqual([1]);
  });

  it('are of one partner from the start, where it was started by PurchaseClient', async () => {
    const order = anOrder({ tradingPartnerId: 'SOUTH' });
    const { workflowId } = await stage.rig.client.purchase(order, { options: QUICK });
    const { events } = await stage.env.client.workflow.getHandle(workflowId).fetchHistory();
    expect(events?.[0]?.workflowExecutionStartedEventAttributes?.priority).toMatchObject({
      fairnessKey: 'SOUTH',
    });
  });
});
