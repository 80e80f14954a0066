import { describe, expect, it } from 'vitest';
import type { Order } from '../../src/contract/index.js';
import { statusQuery } from '../../workflows/messages.js';
import { typedFailure } from '../helpers/failures.js';
import { anOrder } from '../helpers/orders.js';
import { useRig } from '../helpers/use-rig.js';
import { startDevEnvironment } from '../helpers/temporal.js';

const order = (): Order => anOrder();

/** A start from any language, and the path of what is wrong with it. */
const BAD_INPUTS: readonly [string, unknown, string][] = [
  ['null', null, ''],
  ['text', 'buy!', ''],
  ['a number', 5, ''],
  ['a list', [1, 2], ''],
  ['an order without its envelope', order(), 'order'],
  ['no order', {}, 'order'],
  ['no trading partner', { order: { ...order(), tradingPartnerId: undefined } }, 'order.tradingPartnerId'],
  [
    'an ID that is a number',
    { order: { ...order(), externalSubscriptionId: 1 } },
    'order.externalSubscriptionId',
  ],
  [
    'an ID that leaves the path',
    { order: { ...order(), externalSubscriptionId: '..' } },
    'order.externalSubscriptionId',
  ],
  ['no order lines', { order: { ...order(), orderLines: [] } }, 'order.orderLines'],
  [
    'half a seat',
    { order: { ...order(), orderLines: [{ productId: 'x', quantity: 0.5 }] } },
    'order.orderLines[0].quantity',
  ],
  ['no customer', { order: { ...order(), customer: null } }, 'order.customer'],
  ['an option that does not exist', { order: order(), options: { poling: {} } }, 'options'],
  ['a duration that is none', { order: order(), options: { parkDeadline: 'soon' } }, 'options.parkDeadline'],
  [
    'a wait that would storm the portal',
    { order: order(), options: { polling: { initialInterval: '1ms' } } },
    'options.polling.initialInterval',
  ],
  ['an ID of 300,000 characters', { order: { ...order(), tradingPartnerId: 'x'.repeat(300_000) } }, ''],
  [
    'nesting without end',
    { order: { ...order(), extra: JSON.parse(`${'['.repeat(3_000)}${']'.repeat(3_000)}`) } },
    'order.extra[0]',
  ],
  ['onRejected: maybe', { order: order(), options: { onRejected: 'maybe' } }, 'options.onRejected'],
];

describe('bad input', () => {
  const at = useRig(startDevEnvironment);

  it.each(BAD_INPUTS)(
    '%s fails with InvalidOrder, and the portal hears nothing',
    async (_name, input, path) => {
      const handle = await at.rig.begin(input);
      const failure = await typedFailure(handle.result());
      expect(failure.type).toBe('InvalidOrder');
      expect(failure.details?.[0]).toMatchObject({
        problems: expect.arrayContaining([expect.objectContaining({ path })]),
      });
      expect((await handle.query(statusQuery)).phase).toBe('Failed');
      expect(at.rig.simulator.journal).toEqual([]);
    },
  );

  it('nesting that no stack holds fails all the same, at once', async () => {
    const endless: unknown = JSON.parse(`${'['.repeat(30_000)}${']'.repeat(30_000)}`);
    const nested = { order: { ...order(), extra: endless } };
    const handle = await at.rig.begin(nested).catch(() => undefined);
    // The client's own stack may refuse it first; what reaches the server must end.
    if (handle) expect((await typedFailure(handle.result())).type).toBe('InvalidOrder');
    expect(at.rig.simulator.journal).toEqual([]);
  });

  it.each<[unknown, string]>([
    ['fast', 'options'],
    [{ poling: {} }, 'options'],
    [{ polling: 5 }, 'options.polling'],
    [{ polling: { initialInterval: 5 } }, 'options.polling.initialInterval'],
    [{ polling: { initialInterval: '-5s' } }, 'options.polling.initialInterval'],
    [{ polling: { deadline: 'tomorrow' } }, 'options.polling.deadline'],
    [{ polling: { backoffCoefficient: 0.5 } }, 'options.polling.backoffCoefficient'],
    [{ polling: { initialInterval: '1h', maximumInterval: '1m' } }, 'options.polling.maximumInterval'],
    [{ settling: { window: '0s' } }, 'options.settling.window'],
    [{ onRejected: 'retry' }, 'options.onRejected'],
    [{ parkDeadline: '99999d' }, 'options.parkDeadline'],
  ])('the options %j fail with InvalidOrder, and the portal hears nothing', async (options, path) => {
    const failure = await typedFailure((await at.rig.begin({ order: order(), options })).result());
    expect(failure.type).toBe('InvalidOrder');
    expect(failure.details?.[0]).toMatchObject({ problems: [{ path }] });
    expect(at.rig.simulator.journal).toEqual([]);
  });

  it('lists every problem at once', async () => {
    const input = {
      order: { externalSubscriptionId: '', orderLines: [{ quantity: -1 }] },
      options: { onRejected: 1 },
    };
    const failure = await typedFailure((await at.rig.begin(input)).result());
    for (const path of [
      'externalSubscriptionId',
      'tradingPartnerId',
      'customer',
      'orderLines[0].productId',
      'orderLines[0].quantity',
    ]) {
      expect(failure.message).toContain(`order.${path}: `);
    }
    expect(failure.message).toContain('options.onRejected: ');
  });

  it('takes no state from a caller', async () => {
    const good = order();
    const handle = await at.env.client.workflow.start('PurchaseWorkflow', {
      workflowId: `purchase:${good.tradingPartnerId}:${good.externalSubscriptionId}`,
      taskQueue: at.rig.taskQueue,
      args: [
        { order: good },
        { state: { phase: 'Provisioned', placedAt: 1, provisionedAt: 1 }, options: {} },
      ],
    });
    await handle.signal('poll');
    expect((await handle.query(statusQuery)).timeline[0]?.event).toBe('Started');
    await handle.terminate();
  });
});
