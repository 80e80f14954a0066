import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import type { PlaceOrderRequest } from '../../activities/api.js';
import { createActivities } from '../../activities/index.js';
import type { Order } from '../../src/contract/index.js';
import { POST_LIFETIME_MS, purchaseWorkflowId } from '../../src/contract/index.js';
import { orderPlacedUpdate, statusQuery } from '../../workflows/messages.js';
import { eventually } from '../helpers/eventually.js';
import { rejection, typedFailure } from '../helpers/failures.js';
import { anInput, anOrder } from '../helpers/orders.js';
import { useRig } from '../helpers/use-rig.js';
import { startTimeSkippingEnvironment } from '../helpers/temporal.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** On a server that skips over waits: what takes weeks is seen in seconds, timers and all. */
describe('time', () => {
  const at = useRig(startTimeSkippingEnvironment, (env) => ({
    simulator: { now: () => env.currentTimeMs(), progress: { creatingMs: 2 * DAY, createdMs: 27 * DAY } },
  }));

  async function runsOf(order: Order): Promise<number[]> {
    const lengths: number[] = [];
    let runId: string | undefined;
    do {
      const history = await at.env.client.workflow.getHandle(purchaseWorkflowId(order), runId).fetchHistory();
      lengths.unshift(history.events?.length ?? 0);
      runId =
        history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
    } while (runId !== undefined);
    return lengths;
  }

  it('an order that a person provisions after 29 days, with the default options', async () => {
    const order = anOrder();
    const handle = await at.rig.begin(anInput(order, {}));
    const result = await handle.result();
    expect(result).toMatchObject({
      outcome: 'Provisioned',
      externalSubscriptionId: order.externalSubscriptionId,
    });
    expect(Date.parse(result.provisionedAt) - Date.parse(result.placedAt)).toBeGreaterThan(29 * DAY);
    expect(at.rig.ordersFor(order)).toBe(1);

    const lengths = await runsOf(order);
    expect(lengths.length).toBeGreaterThan(1);
    for (const length of lengths) expect(length).toBeLessThan(2_100);

    const status = await at.env.client.workflow.getHandle(handle.workflowId).query(statusQuery);
    expect(status.polls).toBe(result.polls);
    expect(status.timeline.map(({ event }) => event)).toEqual([
      'Started',
      'TokenFetched',
      'OrderPlaced',
      'Polled',
      'Polled',
      'Polled',
      'Provisioned',
    ]);
    expect(status.timeline.flatMap(({ event, detail }) => (event === 'Polled' ? [detail] : []))).toEqual([
      'Creating',
      'Created',
      'Provisioned',
    ]);
  }, 480_000);

  it('an order that nobody provisions is Overdue after its deadline, with its number', async () => {
    const order = anOrder({ orderLines: [{ productId: 'never-provisions', quantity: 1 }] });
    const handle = await at.rig.begin(anInput(order, { polling: { deadline: '3d', maximumInterval: '1h' } }));
    const failure = await typedFailure(handle.result());
    expect(failure.type).toBe('ProvisioningOverdue');
    expect(failure.details?.[0]).toMatchObject({
      phase: 'Overdue',
      subscriptionNumber: at.rig.simulator.orders(order.externalSubscriptionId)[0]?.subscriptionNumber,
    });
    const { timeline } = await handle.query(statusQuery);
    const moment = (event: string) => Date.parse(timeline.find((entry) => entry.event === event)?.at ?? '');
    const took = moment('Overdue') - moment('OrderPlaced');
    expect(took).toBeGreaterThanOrEqual(3 * DAY);
    expect(took).toBeLessThan(3 * DAY + HOUR);
  });

  // What these are about is not the polling: seldom polls spare the test its time.
  const SELDOM = { polling: { maximumInterval: '1d' } };

  it('a portal in maintenance for an hour costs nothing but the hour', async () => {
    const order = anOrder();
    const until = (await at.env.currentTimeMs()) + HOUR;
    at.rig.simulator.addFault({
      call: 'find',
      times: 'always',
      then: { do: 'answer', when: 'before', status: 503 },
    });
    const handle = await at.rig.begin(anInput(order, SELDOM));
    while ((await at.env.currentTimeMs()) < until) await at.env.sleep('5m');
    expect((await handle.query(statusQuery)).lastError?.type).toBe('PortalUnavailable');
    at.rig.simulator.clearFaults();
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'Provisioned' });
    expect(at.rig.ordersFor(order)).toBe(1);
  });

  it('a portal that is away while an order is polled is asked ever more seldom', async () => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    await at.rig.portal.findSubscription(order);
    at.rig.simulator.addFault({
      call: 'find',
      externalSubscriptionId,
      skip: 1,
      times: 'always',
      then: { do: 'answer', when: 'before', status: 503 },
    });
    const polling = { initialInterval: '10s', backoffCoefficient: 3, maximumInterval: '6h', deadline: '1d' };
    const handle = await at.rig.begin(anInput(order, { polling }));
    expect((await typedFailure(handle.result())).type).toBe('ProvisioningOverdue');
    const polls = at.rig.simulator.journal.filter(
      (entry) => entry.call === 'find' && entry.externalSubscriptionId === externalSubscriptionId,
    );
    expect(polls.length).toBeLessThan(40);
  });

  it('a portal that is away for longer asks for a person, and nobody acts: ParkExpired', async () => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    at.rig.simulator.addFault({
      call: 'find',
      externalSubscriptionId,
      times: 'always',
      then: { do: 'drop', when: 'before' },
    });
    const calls = at.rig.simulator.journal.length;
    const handle = await at.rig.begin(anInput(order, { parkDeadline: '2d' }));
    const failure = await typedFailure(handle.result());
    expect(failure.type).toBe('ParkExpired');
    expect(failure.message).toContain('PortalUnavailable');
    expect(at.rig.ordersFor(order)).toBe(0);
    // Two hours of trying with growing waits, not a storm.
    expect(at.rig.simulator.journal.length - calls).toBeLessThan(120);
  });

  it('continues as new while callers wait: they are told where it stands, and nothing is lost', async () => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    at.rig.simulator.addFault({
      call: 'place',
      externalSubscriptionId,
      then: { do: 'drop', when: 'before' },
    });
    const settling = { initialInterval: '1m', window: '6h' };
    const handle = await at.rig.begin(anInput(order, { ...SELDOM, settling }));
    const placed = handle.executeUpdate(orderPlacedUpdate, { args: [{}] });
    const result = handle.result();
    // 2,000 events of looking for the order make the run continue as a new one.
    await expect(placed).resolves.toMatchObject({ phase: 'Confirming', externalSubscriptionId });
    await expect(result).resolves.toMatchObject({ outcome: 'Provisioned' });
    expect((await runsOf(order)).length).toBeGreaterThan(1);
    expect(at.rig.ordersFor(order)).toBe(1);
  });

  it('Retry-After is obeyed', async () => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    const asked = { do: 'answer', when: 'before', status: 429, headers: { 'Retry-After': '5400' } } as const;
    at.rig.simulator.addFault({ call: 'place', externalSubscriptionId, then: asked });
    await (await at.rig.begin(anInput(order, SELDOM))).result();
    const posts = at.rig.simulator.journal.filter(
      ({ call, externalSubscriptionId: id, status }) =>
        // A 401 took nothing: the token had expired meanwhile.
        call === 'place' && id === externalSubscriptionId && status !== 401,
    );
    expect(posts.map(({ status }) => status)).toEqual([429, 201]);
    expect((posts[1]?.at ?? 0) - (posts[0]?.at ?? 0)).toBeGreaterThanOrEqual(1.5 * HOUR);
  });

  it('a cancellation whose effect cannot be found out ends as Canceled, and claims nothing', async () => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    // The token has expired in the days that were skipped; its renewal must not use the fault's turn up.
    await at.rig.portal.findSubscription(order);
    const refused = { do: 'answer', when: 'before', status: 403 } as const;
    at.rig.simulator.addFault({
      call: 'find',
      externalSubscriptionId,
      skip: 1,
      times: 'always',
      then: refused,
    });
    at.rig.simulator.addFault({
      call: 'place',
      externalSubscriptionId,
      then: { do: 'drop', when: 'before' },
    });
    const calls = at.rig.simulator.journal.length;
    const handle = await at.rig.begin(anInput(order, { parkDeadline: '2d' }));
    await eventually(async () => {
      const { timeline } = await handle.query(statusQuery);
      return timeline.some(({ event }) => event === 'OutcomeUnknown') || undefined;
    });
    await handle.cancel();
    await rejection(handle.result());
    expect((await handle.describe()).status.name).toBe('CANCELLED');
    expect((await handle.query(statusQuery)).cancellation).not.toHaveProperty('effect');
    expect(at.rig.simulator.journal.length - calls).toBeLessThan(30);
  });

  it('a worker that went missing may still send its POST: the settling window begins after that', async () => {
    const order = anOrder();
    const taskQueue = `missing-${order.externalSubscriptionId}`;
    const actual = createActivities(at.rig.portal);
    let release = (): void => undefined;
    const found = new Promise<void>((resolve) => {
      release = resolve;
    });
    let tries = 0;
    const worker = await Worker.create({
      connection: at.env.nativeConnection,
      namespace: 'default',
      taskQueue,
      workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
      activities: {
        ...actual,
        // It neither answers nor gives a sign of life.
        placeOrder: async (request: PlaceOrderRequest) => {
          tries += 1;
          if (tries === 1) await found;
          return actual.placeOrder(request);
        },
      },
    });
    const handle = await at.rig.begin(anInput(order, SELDOM), { taskQueue });
    const timeline = await worker.runUntil(async () => {
      const result = handle.result();
      await eventually(() => (tries > 1 ? true : undefined), 900);
      release();
      await result;
      return (await handle.query(statusQuery)).timeline;
    });
    const moment = (event: string) => Date.parse(timeline.find((entry) => entry.event === event)?.at ?? '');
    const window = 15 * 60_000;
    expect(moment('SettledAsNotPlaced') - moment('OutcomeUnknown')).toBeGreaterThanOrEqual(
      POST_LIFETIME_MS + window,
    );
    expect(at.rig.ordersFor(order)).toBe(1);
  });
});
