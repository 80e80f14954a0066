import type { WorkflowHandle } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';
import { startDevEnvironment } from '../helpers/temporal.js';
import { useRig } from '../helpers/use-rig.js';

const stage = useRig(startDevEnvironment);

/** The activities of a run as they were handed to the server, by type. */
async function scheduled(handle: WorkflowHandle) {
  const { events = [] } = await handle.fetchHistory();
  return new Map(
    (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: activity }) =>
      activity ? [[activity.activityType?.name ?? '', activity]] : [],
    ),
  );
}

describe("a purchase's tasks", () => {
  it('wait as long as it takes, by what they are for, and in turn with those of other partners', async () => {
    const order = anOrder({ tradingPartnerId: `${'x'.repeat(63)}ä` });
    const fairnessKey = 'x'.repeat(63);
    // A caller that knows nothing of turns.
    const handle = await stage.rig.begin(anInput(order, QUICK));
    await handle.result();
    const activities = await scheduled(handle);
    const priorities = [...activities].map(([name, { priority }]) => [name, priority]);
    expect(Object.fromEntries(priorities)).toMatchObject({
      fetchToken: { priorityKey: 2, fairnessKey },
      placeOrder: { priorityKey: 2, fairnessKey },
      getSubscriptionStatus: { priorityKey: 4, fairnessKey },
    });
    for (const { scheduleToCloseTimeout, scheduleToStartTimeout } of activities.values()) {
      expect(Number(scheduleToCloseTimeout?.seconds ?? 0)).toBe(0);
      expect(Number(scheduleToStartTimeout?.seconds ?? 0)).toBe(0);
    }
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
