import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { validatePurchase } from '../../activities/validate-purchase.js';
import { failureDetailSchema, resolveOptions, type Problem } from '../../src/contract/index.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';

/** As another SDK sends it: nothing of its type is known to us. */
async function refusalOf(input: unknown): Promise<ApplicationFailure> {
  try {
    await Reflect.apply(validatePurchase, undefined, [input]);
  } catch (error) {
    if (error instanceof ApplicationFailure) return error;
    throw error;
  }
  return expect.unreachable('it should have been refused');
}

function problemsOf({ details }: ApplicationFailure): readonly Problem[] {
  return failureDetailSchema.parse(details?.[0]).problems ?? [];
}

const order = anOrder();
const { customer } = order;
const [line] = order.orderLines;

/** Bad inputs, and where each of their problems is. */
const BAD: readonly (readonly [string, unknown, readonly string[]])[] = [
  ['nothing', undefined, ['']],
  ['null', null, ['']],
  ['a text', 'order', ['']],
  ['a list', [order], ['']],
  ['an empty object', {}, ['order']],
  ['the order alone', order, ['order', '']],
  ['an order that is none', { order: 'EXT-1' }, ['order']],
  [
    'an empty order',
    { order: {} },
    ['order.externalSubscriptionId', 'order.tradingPartnerId', 'order.customer', 'order.orderLines'],
  ],
  [
    'bad IDs',
    { order: { ...order, externalSubscriptionId: '..', tradingPartnerId: 7 } },
    ['order.externalSubscriptionId', 'order.tradingPartnerId'],
  ],
  [
    'a customer without anything',
    { order: { ...order, customer: {} } },
    ['order.customer.companyName', 'order.customer.contact', 'order.customer.address'],
  ],
  [
    'a contact that is blank',
    { order: { ...order, customer: { ...customer, contact: { firstName: ' ', lastName: '', email: 'x' } } } },
    ['order.customer.contact.firstName', 'order.customer.contact.lastName', 'order.customer.contact.email'],
  ],
  [
    'an address that is a text',
    { order: { ...order, customer: { ...customer, address: 'Berlin, DE' } } },
    ['order.customer.address'],
  ],
  ['no order lines', { order: { ...order, orderLines: [] } }, ['order.orderLines']],
  [
    'bad lines among good ones',
    { order: { ...order, orderLines: [line, { productId: '', quantity: 1.5 }, line, { quantity: '1' }] } },
    [
      'order.orderLines[1].productId',
      'order.orderLines[1].quantity',
      'order.orderLines[3].productId',
      'order.orderLines[3].quantity',
    ],
  ],
  ['options that are null', { order, options: null }, ['options']],
  ['an unknown option', { order, options: { retries: 3 } }, ['options']],
  [
    'bad options',
    {
      order,
      options: {
        polling: { initialInterval: 5, backoffCoefficient: 0, deadline: 'soon' },
        settling: { window: '1y' },
        onRejected: 'shrug',
        parkDeadline: '-1d',
      },
    },
    [
      'options.polling.initialInterval',
      'options.polling.backoffCoefficient',
      'options.polling.deadline',
      'options.settling.window',
      'options.onRejected',
      'options.parkDeadline',
    ],
  ],
  [
    'mistakes everywhere',
    { order: { ...order, tradingPartnerId: '' }, options: { onRejected: 1 }, extra: true },
    ['order.tradingPartnerId', 'options.onRejected', ''],
  ],
];

describe('validatePurchase', () => {
  it('answers with the options, their defaults filled in', async () => {
    expect(await validatePurchase(anInput())).toStrictEqual(resolveOptions(QUICK));
    expect(await validatePurchase({ order })).toStrictEqual(resolveOptions());
  });

  it('takes an order with fields that it does not know', async () => {
    const more = { ...order, poNumber: 7, customer: { ...customer, vatId: 'DE1' } };
    expect(await validatePurchase({ order: more })).toStrictEqual(resolveOptions());
  });

  it.each(BAD)('refuses %s, and lists every problem where it is', async (_what, input, paths) => {
    const refusal = await refusalOf(input);
    expect(refusal).toMatchObject({ type: 'InvalidOrder', nonRetryable: true });
    const problems = problemsOf(refusal);
    expect(problems.map(({ path }) => path)).toEqual(paths);
    for (const { path, problem } of problems) {
      expect(problem).toMatch(/\S/);
      expect(refusal.message).toContain(path === '' ? problem : `${path}: ${problem}`);
    }
  });

  it('names an unknown option', async () => {
    expect((await refusalOf({ order, options: { retries: 3 } })).message).toBe(
      'options: Unrecognized key: "retries"',
    );
  });

  it('repeats no value of the order', async () => {
    const bad = {
      ...order,
      tradingPartnerId: 'Ada Lovelace\n',
      customer: {
        companyName: ['Ada Lovelace'],
        contact: { email: 'Ada Lovelace' },
        address: 'Ada Lovelace',
      },
      orderLines: [{ quantity: 'Ada Lovelace' }],
    };
    const { message, details } = await refusalOf({ order: bad });
    expect(message).not.toContain('Lovelace');
    expect(JSON.stringify(details)).not.toContain('Lovelace');
  });

  it('lists the first 50 problems of an order that has thousands', async () => {
    const refusal = await refusalOf({
      order: { ...order, orderLines: Array.from({ length: 5_000 }, () => 0) },
    });
    expect(problemsOf(refusal).map(({ path }) => path)).toEqual(
      Array.from({ length: 50 }, (_, index) => `order.orderLines[${index}]`),
    );
  });

  it('keeps the failure small, whatever was sent: a server takes no large one', async () => {
    const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`unknown-${index}`, 0]));
    for (const input of [
      { order, options: many },
      { order, ['x'.repeat(500_000)]: 0 },
    ]) {
      const { message, details } = await refusalOf(input);
      expect(message.length + JSON.stringify(details).length).toBeLessThan(50_000);
    }
  });
});
