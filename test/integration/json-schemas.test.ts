import type { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import {
  amendOrderUpdate,
  cancelPurchaseUpdate,
  orderPlacedUpdate,
  statusQuery,
} from '../../workflows/messages.js';
import { typedFailure } from '../helpers/failures.js';
import { problemsBy } from '../helpers/json-schema.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';
import { useRig } from '../helpers/use-rig.js';
import { startDevEnvironment } from '../helpers/temporal.js';

// What a caller in another language is answered, against the JSON Schemas that tell it what to expect.

const problems = (file: string, value: unknown) =>
  problemsBy(new URL(`../../schema/${file}.json`, import.meta.url), value);

/** As every SDK has it. */
function asJson({ type, message, details }: ApplicationFailure) {
  return { type, message, details: details ?? [] };
}

describe('an answer is what its JSON Schema says:', () => {
  const at = useRig(startDevEnvironment);

  it('those of a purchase that is parked, amended and provisioned', async () => {
    const order = anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] });
    const handle = await at.rig.begin(anInput(order, { ...QUICK, onRejected: 'park' }));
    const parked = await handle.executeUpdate(orderPlacedUpdate, { args: [{ order }] });
    expect(parked.phase).toBe('ActionRequired');
    expect(await problems('order-placed-answer', parked)).toEqual([]);
    const status = await handle.query(statusQuery);
    expect(status.lastError).toBeDefined();
    expect(await problems('status', status)).toEqual([]);

    const amended = { ...order, orderLines: [{ productId: '2c92a0ff', quantity: 1 }] };
    const answer = await handle.executeUpdate(amendOrderUpdate, { args: [amended] });
    expect(await problems('amend-order-answer', answer)).toEqual([]);
    expect(await problems('result', await handle.result())).toEqual([]);
    expect(await problems('status', await handle.query(statusQuery))).toEqual([]);
  });

  it.each([
    ['in time', 'refuse-me', 'not-placed'],
    ['too late', '2c92a0ff', 'too-late'],
  ])('those of a purchase that is cancelled %s', async (_, productId, effect) => {
    const order = anOrder({ orderLines: [{ productId, quantity: 1 }] });
    const handle = await at.rig.begin({
      order,
      options: { onRejected: 'park', polling: { initialInterval: '1h', maximumInterval: '1h' } },
    });
    const placed = await handle.executeUpdate(orderPlacedUpdate, { args: [{ order }] });
    expect(await problems('order-placed-answer', placed)).toEqual([]);
    const request = { reason: 'why not' };
    expect(await problems('cancel-request', request)).toEqual([]);
    const answer = await handle.executeUpdate(cancelPurchaseUpdate, { args: [request] });
    expect(answer).toMatchObject({ effect });
    expect(await problems('cancel-purchase-answer', answer)).toEqual([]);
    expect(await problems('status', await handle.query(statusQuery))).toEqual([]);
  });

  it('a failed run and a refused update', async () => {
    const refused = anInput(anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] }));
    const broken = { order: { ...anOrder(), customer: {} } };
    const conflict = await at.rig.begin(anInput());
    const failures = await Promise.all([
      typedFailure((await at.rig.begin(refused)).result()),
      typedFailure((await at.rig.begin(broken)).result()),
      typedFailure((await at.rig.begin(anInput(), { workflowId: 'purchase:another' })).result()),
      typedFailure(conflict.executeUpdate(orderPlacedUpdate, { args: [{ order: anOrder() }] })),
    ]);
    expect(failures.map(({ type }) => type)).toEqual([
      'OrderRejected',
      'InvalidOrder',
      'WorkflowIdMismatch',
      'OrderConflict',
    ]);
    for (const failure of failures) expect(await problems('failure', asJson(failure))).toEqual([]);
  });
});
