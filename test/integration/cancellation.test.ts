import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import type { PurchasePhase } from '../../src/contract/index.js';
import { cancelPurchaseUpdate, cancelSignal, statusQuery } from '../../workflows/messages.js';
import { eventually } from '../helpers/eventually.js';
import { rejection } from '../helpers/failures.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';
import type { Rig } from '../helpers/rig.js';
import { useRig } from '../helpers/use-rig.js';
import { startDevEnvironment } from '../helpers/temporal.js';

type Handle = Awaited<ReturnType<Rig['begin']>>;

/** The three ways to say it, and the effect an update tells. */
const WAYS: Record<string, (handle: Handle) => Promise<string | undefined>> = {
  'the cancel signal': async (handle) => {
    await handle.signal(cancelSignal, { reason: 'changed my mind' });
    return undefined;
  },
  'the cancelPurchase update': async (handle) =>
    (await handle.executeUpdate(cancelPurchaseUpdate, { args: [{ reason: 'changed my mind' }] })).effect,
  'Temporal’s own cancellation': async (handle) => {
    await handle.cancel();
    return undefined;
  },
};

describe.each(Object.entries(WAYS))('%s', (name, cancel) => {
  const at = useRig(startDevEnvironment, {
    simulator: { permittedTradingPartners: ['0012300000AbCdE'] },
  });

  async function inPhase(handle: Handle, phase: PurchasePhase): Promise<void> {
    await eventually(async () => ((await handle.query(statusQuery)).phase === phase ? true : undefined));
  }

  async function endsCanceled(handle: Handle): Promise<void> {
    const error = await rejection(handle.result());
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect(error).toMatchObject({ cause: expect.any(CancelledFailure) });
    expect((await handle.describe()).status.name).toBe('CANCELLED');
    expect((await handle.query(statusQuery)).phase).toBe('Cancelled');
  }

  it('before a worker saw the purchase: no order', async () => {
    const order = anOrder();
    await at.rig.stopWorker();
    const handle = await at.rig.begin(anInput(order));
    const effect = cancel(handle);
    // An update waits for the worker; the others are kept by the server.
    if (!name.includes('update')) await effect;
    await at.rig.startWorker();
    if (name.includes('update')) expect(['not-placed', 'too-late']).toContain(await effect);
    else {
      await endsCanceled(handle);
      expect(at.rig.ordersFor(order)).toBe(0);
    }
  });

  it('before this run placed anything, but an earlier one had: the order stands', async () => {
    const order = anOrder({ orderLines: [{ productId: 'never-provisions', quantity: 1 }] });
    const { subscriptionNumber } = await at.rig.portal.placeOrder(order);
    const { externalSubscriptionId } = order;
    await at.rig.stopWorker();
    const handle = await at.rig.begin(anInput(order));
    const effect = cancel(handle);
    await at.rig.startWorker();
    expect([undefined, 'too-late']).toContain(await effect);
    at.rig.simulator.setStatus(externalSubscriptionId, 'Provisioned');
    await handle.result().catch(() => undefined);
    const status = await handle.query(statusQuery);
    expect(status.cancellation?.effect).toBe('too-late');
    expect(status.subscriptionNumber).toBe(subscriptionNumber);
  });

  it('while the token is fetched: no order', async () => {
    const order = anOrder({ tradingPartnerId: '0012300000AbCdE' });
    at.rig.simulator.revokeTokens();
    at.rig.simulator.addFault({
      call: 'place',
      times: 1,
      externalSubscriptionId: order.externalSubscriptionId,
      then: { do: 'answer', when: 'before', status: 429, headers: { 'Retry-After': '60' } },
    });
    const handle = await at.rig.begin(anInput(order));
    await eventually(async () =>
      (await handle.query(statusQuery)).lastError?.type === 'RateLimited' ? true : undefined,
    );
    const effect = await cancel(handle);
    if (effect !== undefined) expect(effect).toBe('not-placed');
    await endsCanceled(handle);
    expect(at.rig.ordersFor(order)).toBe(0);
  });

  it('while the POST is under way: it is seen through, and the order stands', async () => {
    const order = anOrder({ orderLines: [{ productId: 'never-provisions', quantity: 1 }] });
    const { externalSubscriptionId } = order;
    at.rig.simulator.addFault({
      call: 'place',
      externalSubscriptionId,
      then: { do: 'delay', when: 'after', ms: 1_500 },
    });
    const handle = await at.rig.begin(anInput(order));
    await eventually(() => (at.rig.ordersFor(order) === 1 ? true : undefined));
    const effect = await cancel(handle);
    if (effect !== undefined) expect(effect).toBe('too-late');
    if (name.startsWith('Temporal')) await endsCanceled(handle);
    else {
      await inPhase(handle, 'Provisioning');
      at.rig.simulator.setStatus(externalSubscriptionId, 'Provisioned');
      await expect(handle.result()).resolves.toMatchObject({ outcome: 'Provisioned' });
    }
    expect((await handle.query(statusQuery)).cancellation?.effect).toBe('too-late');
    expect(at.rig.ordersFor(order)).toBe(1);
  });

  it('while it is unknown whether the POST placed the order, and it did: the order stands', async () => {
    const order = anOrder({ orderLines: [{ productId: 'never-provisions', quantity: 1 }] });
    const { externalSubscriptionId } = order;
    at.rig.simulator.addFault({
      call: 'place',
      externalSubscriptionId,
      then: [
        { do: 'hide', forMs: 2_000 },
        { do: 'drop', when: 'after' },
      ],
    });
    const handle = await at.rig.begin(
      anInput(order, { ...QUICK, settling: { initialInterval: '100ms', window: '10s' } }),
    );
    await inPhase(handle, 'Confirming');
    const effect = await cancel(handle);
    if (effect !== undefined) expect(effect).toBe('too-late');
    if (name.startsWith('Temporal')) await endsCanceled(handle);
    else {
      at.rig.simulator.setStatus(externalSubscriptionId, 'Provisioned');
      await handle.result();
    }
    const status = await handle.query(statusQuery);
    expect(status.cancellation?.effect).toBe('too-late');
    expect(status.subscriptionNumber).toBe(
      at.rig.simulator.orders(externalSubscriptionId)[0]?.subscriptionNumber,
    );
  });

  it('while it is unknown whether the POST placed the order, and it did not: no order', async () => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    at.rig.simulator.addFault({
      call: 'place',
      externalSubscriptionId,
      then: { do: 'drop', when: 'before' },
    });
    const handle = await at.rig.begin(
      anInput(order, { ...QUICK, settling: { initialInterval: '100ms', window: '3s' } }),
    );
    await inPhase(handle, 'Confirming');
    const effect = await cancel(handle);
    if (effect !== undefined) expect(effect).toBe('not-placed');
    await endsCanceled(handle);
    expect((await handle.query(statusQuery)).cancellation).toMatchObject({ effect: 'not-placed' });
    expect(at.rig.ordersFor(order)).toBe(0);
  });

  it('while parked: no order', async () => {
    const order = anOrder({ tradingPartnerId: 'not-on-the-list' });
    const handle = await at.rig.begin(anInput(order));
    await inPhase(handle, 'ActionRequired');
    const effect = await cancel(handle);
    if (effect !== undefined) expect(effect).toBe('not-placed');
    await endsCanceled(handle);
    expect(at.rig.ordersFor(order)).toBe(0);
  });

  it('while provisioning: the order stands', async () => {
    const order = anOrder({ orderLines: [{ productId: 'never-provisions', quantity: 1 }] });
    const handle = await at.rig.begin(anInput(order));
    await inPhase(handle, 'Provisioning');
    const effect = await cancel(handle);
    if (effect !== undefined) expect(effect).toBe('too-late');
    if (name.startsWith('Temporal')) await endsCanceled(handle);
    else {
      expect((await handle.query(statusQuery)).cancellation).toMatchObject({
        reason: 'changed my mind',
        effect: 'too-late',
      });
      at.rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
      await handle.result();
    }
    const { subscriptionNumber } = await handle.query(statusQuery);
    expect(subscriptionNumber).toBe(
      at.rig.simulator.orders(order.externalSubscriptionId)[0]?.subscriptionNumber,
    );
  });
});
