import { describe, expect, it } from 'vitest';
import { purchaseWorkflowId, type Order } from '../../src/contract/index.js';
import {
  cancelPurchaseUpdate,
  cancelSignal,
  orderPlacedUpdate,
  pollSignal,
  retrySignal,
  statusQuery,
} from '../../workflows/messages.js';
import { eventually } from '../helpers/eventually.js';
import { rejection, typedFailure } from '../helpers/failures.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';
import { useRig } from '../helpers/use-rig.js';
import { startDevEnvironment } from '../helpers/temporal.js';

const neverProvisions = () => anOrder({ orderLines: [{ productId: 'never-provisions', quantity: 1 }] });

describe('messages', () => {
  const at = useRig(startDevEnvironment, {
    simulator: { permittedTradingPartners: ['0012300000AbCdE'] },
  });

  it('orderPlaced answers several waiters with the same number, before the license is provisioned', async () => {
    const order = neverProvisions();
    const handle = await at.rig.begin(anInput(order));
    const answers = await Promise.all(
      [{}, { within: '20s' }, { order }].map((request) =>
        handle.executeUpdate(orderPlacedUpdate, { args: [request] }),
      ),
    );
    const [placed] = at.rig.simulator.orders(order.externalSubscriptionId);
    for (const answer of answers) {
      expect(answer).toMatchObject({ phase: 'Provisioning', subscriptionNumber: placed?.subscriptionNumber });
    }
    await handle.terminate();
  });

  it('orderPlaced answers with the phase when the time is up', async () => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    at.rig.simulator.addFault({
      call: 'place',
      externalSubscriptionId,
      then: { do: 'delay', when: 'before', ms: 4_000 },
    });
    const handle = await at.rig.begin(anInput(order));
    const answer = await handle.executeUpdate(orderPlacedUpdate, { args: [{ within: '200ms' }] });
    expect(answer).toEqual({
      phase: 'Placing',
      externalSubscriptionId,
      tradingPartnerId: order.tradingPartnerId,
    });
    await handle.result();
  });

  it('orderPlaced answers with what to do when the purchase is parked', async () => {
    const handle = await at.rig.begin(anInput(anOrder({ tradingPartnerId: 'unlisted' })));
    const answer = await handle.executeUpdate(orderPlacedUpdate, { args: [{}] });
    expect(answer.phase).toBe('ActionRequired');
    expect(answer.actionRequired).toContain('unlisted');
    expect(answer.subscriptionNumber).toBeUndefined();
    await handle.signal(cancelSignal);
  });

  it('orderPlaced fails as the workflow does when the order never will exist', async () => {
    const order = anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] });
    const handle = await at.rig.begin(anInput(order));
    const ofUpdate = await typedFailure(handle.executeUpdate(orderPlacedUpdate, { args: [{}] }));
    const ofRun = await typedFailure(handle.result());
    expect(ofUpdate.type).toBe('OrderRejected');
    expect([ofUpdate.type, ofUpdate.message, ofUpdate.details]).toEqual([
      ofRun.type,
      ofRun.message,
      ofRun.details,
    ]);
  });

  it('orderPlaced refuses another order, and takes the same one in another spelling', async () => {
    const order = neverProvisions();
    const handle = await at.rig.begin(anInput(order));
    const other = { ...order, orderLines: [{ productId: 'never-provisions', quantity: 2 }] };
    const failure = await typedFailure(handle.executeUpdate(orderPlacedUpdate, { args: [{ order: other }] }));
    expect(failure.type).toBe('OrderConflict');
    const { orderLines, customer, ...ids } = order;
    await handle.executeUpdate(orderPlacedUpdate, { args: [{ order: { orderLines, customer, ...ids } }] });
    await handle.terminate();
  });

  it.each([
    ['text'],
    [5],
    [{ within: 'soon' }],
    [{ within: 5 }],
    [{ within: '' }],
    [{ order: null }],
    [{ order: [] }],
  ])('orderPlaced refuses %j before it is accepted', async (request) => {
    const handle = await at.rig.begin(anInput(neverProvisions()));
    await rejection(handle.executeUpdate('orderPlaced', { args: [request] }));
    const { events = [] } = await handle.fetchHistory();
    expect((events ?? []).some((event) => event.workflowExecutionUpdateAcceptedEventAttributes)).toBe(false);
    await handle.terminate();
  });

  it('orderPlaced and cancelPurchase take no argument at all', async () => {
    const handle = await at.rig.begin(anInput(neverProvisions()));
    await handle.executeUpdate('orderPlaced');
    await expect(handle.executeUpdate('cancelPurchase')).resolves.toMatchObject({ effect: 'too-late' });
    await handle.terminate();
  });

  it('answers cancelPurchase with the number and whom to contact', async () => {
    const order = neverProvisions();
    const handle = await at.rig.begin(anInput(order));
    await handle.executeUpdate(orderPlacedUpdate, { args: [{}] });
    const answer = await handle.executeUpdate(cancelPurchaseUpdate, { args: [{}] });
    expect(answer).toEqual({
      effect: 'too-late',
      phase: 'Provisioning',
      subscriptionNumber: at.rig.simulator.orders(order.externalSubscriptionId)[0]?.subscriptionNumber,
      contact: expect.stringContaining('partnerorderops@gitlab.com'),
    });
    await handle.terminate();
  });

  it('poll asks the portal now', async () => {
    const order = neverProvisions();
    const handle = await at.rig.begin(anInput(order, { polling: { initialInterval: '1h' } }));
    await handle.executeUpdate(orderPlacedUpdate, { args: [{}] });
    at.rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
    await handle.signal(pollSignal);
    await expect(handle.result()).resolves.toMatchObject({ polls: 1 });
  });

  it('retry lets a parked purchase go on, and is ignored otherwise', async () => {
    const order = anOrder({ orderLines: [{ productId: 'never-provisions', quantity: 1 }] });
    const { externalSubscriptionId } = order;
    const refusal = {
      do: 'answer',
      when: 'before',
      status: 403,
      body: { error: 'not on the list' },
    } as const;
    at.rig.simulator.addFault({ call: 'place', externalSubscriptionId, then: refusal });
    const handle = await at.rig.begin(anInput(order));
    await eventually(async () =>
      (await handle.query(statusQuery)).phase === 'ActionRequired' ? true : undefined,
    );
    await handle.signal(pollSignal);
    await handle.signal(retrySignal);
    await handle.executeUpdate(orderPlacedUpdate, { args: [{ within: '20s' }] });
    await handle.signal(retrySignal);
    const status = await handle.query(statusQuery);
    expect(status.timeline.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['Parked', 'Resumed', 'OrderPlaced']),
    );
    expect(status.phase).toBe('Provisioning');
    expect(status.actionRequired).toBeUndefined();
    await handle.terminate();
  });

  it.each([
    ['text'],
    [5],
    [true],
    [null],
    [{}],
    [[1, 2]],
    [{ reason: 5 }],
    [{ reason: null }],
    [{ reason: ['x'] }],
    [{ why: 'x' }],
  ])('cancel with %j counts all the same', async (request) => {
    const handle = await at.rig.begin(anInput(anOrder({ tradingPartnerId: 'unlisted' })));
    await handle.signal('cancel', request);
    await rejection(handle.result());
    expect((await handle.describe()).status.name).toBe('CANCELLED');
  });

  it('shows unknown portal statuses as they are and polls on', async () => {
    const order = anOrder();
    at.rig.simulator.setStatus(order.externalSubscriptionId, 'Simmering');
    const handle = await at.rig.begin(anInput(order));
    await eventually(async () =>
      (await handle.query(statusQuery)).portalStatus === 'Simmering' ? true : undefined,
    );
    expect((await handle.query(statusQuery)).phase).toBe('Provisioning');
    at.rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
    await handle.result();
  });

  it('fails with ProvisioningFailed and the number when the portal says Failed', async () => {
    const order = anOrder({ orderLines: [{ productId: 'fails', quantity: 1 }] });
    const handle = await at.rig.begin(anInput(order));
    const failure = await typedFailure(handle.result());
    expect(failure.type).toBe('ProvisioningFailed');
    expect(failure.details?.[0]).toMatchObject({
      subscriptionNumber: at.rig.simulator.orders(order.externalSubscriptionId)[0]?.subscriptionNumber,
    });
  });

  const { tradingPartnerId } = anOrder();

  it.each<[string, (order: Order) => string]>([
    ['of its own', ({ externalSubscriptionId: id }) => `my-own-${id}`],
    ['without the prefix', ({ externalSubscriptionId: id }) => `${tradingPartnerId}:${id}`],
    ['of the subscription alone', ({ externalSubscriptionId: id }) => id],
    ['with another prefix', ({ externalSubscriptionId: id }) => `order:${tradingPartnerId}:${id}`],
    ['in capitals', ({ externalSubscriptionId: id }) => `PURCHASE:${tradingPartnerId}:${id}`],
    ['the other way round', ({ externalSubscriptionId: id }) => `purchase:${id}:${tradingPartnerId}`],
    ['of another partner', ({ externalSubscriptionId: id }) => `purchase:another:${id}`],
    ['of another order', ({ externalSubscriptionId: id }) => `purchase:${tradingPartnerId}:${id}0`],
    ['with a space', ({ externalSubscriptionId: id }) => `purchase:${tradingPartnerId}: ${id}`],
    ['with more behind it', ({ externalSubscriptionId: id }) => `purchase:${tradingPartnerId}:${id}:1`],
  ])('a run under an ID %s fails at once, naming the right one', async (_name, workflowIdOf) => {
    const order = anOrder();
    const handle = await at.rig.begin(anInput(order, QUICK), { workflowId: workflowIdOf(order) });
    const failure = await typedFailure(handle.result());
    expect(failure.type).toBe('WorkflowIdMismatch');
    expect(failure.message).toContain(purchaseWorkflowId(order));
    const calls = at.rig.simulator.journal.map((call) => call.externalSubscriptionId);
    expect(calls).not.toContain(order.externalSubscriptionId);
  });
});
