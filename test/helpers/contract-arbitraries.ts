import * as fc from 'fast-check';
import { FAILURE_TYPES, PURCHASE_PHASES } from '../../src/contract/index.js';

/** Texts of every kind, so that rules meet their edges. */
const text = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.string({ minLength: 1, maxLength: 50 }).filter((any) => any.trim() === any && any !== ''),
  },
  fc.string({ unit: 'binary', maxLength: 120 }),
  fc.constantFrom(
    '',
    ' ',
    ' a',
    'a ',
    '.',
    '..',
    '...',
    '\u2028a',
    'a\u2028b',
    '\u{1F600}'.repeat(50),
    '\uFEFF',
  ),
);
const email = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('ada@example.com', "ada.o'neil+gitlab@mail.example.co.uk") },
  fc.emailAddress(),
);
const json = fc.jsonValue({ maxDepth: 2 });
const extra = fc.dictionary(
  fc.string().map((name) => `x-${name}`),
  json,
  { maxKeys: 2 },
);
const also = (model: fc.Arbitrary<object>) =>
  fc.tuple(extra, model).map(([more, one]) => ({ ...more, ...one }));

const order = also(
  fc.record({
    externalSubscriptionId: text,
    tradingPartnerId: text,
    customer: also(
      fc.record({
        companyName: text,
        contact: also(fc.record({ firstName: text, lastName: text, email })),
        address: also(fc.record({ country: text })),
      }),
    ),
    orderLines: fc.array(also(fc.record({ productId: text, quantity: fc.integer({ min: 1 }) })), {
      minLength: 1,
      maxLength: 3,
    }),
  }),
);
const duration = fc.oneof(
  fc
    .tuple(fc.integer({ min: 100, max: 900 }), fc.constantFrom('ms', 's', 'm', 'h', 'd'))
    .map((one) => one.join('')),
  fc.constantFrom('30d', '1h30m', '0.5s', '007m', '3650d', '0s'),
);
const optional = { requiredKeys: [] };
/** Options whose every wait is made so. */
export const purchaseOptions = (wait: fc.Arbitrary<string>) =>
  fc.record(
    {
      polling: fc.record(
        {
          initialInterval: wait,
          backoffCoefficient: fc.double({ min: 1, max: 100, noNaN: true }),
          maximumInterval: wait,
          deadline: wait,
        },
        optional,
      ),
      settling: fc.record({ initialInterval: wait, maximumInterval: wait, window: wait }, optional),
      onRejected: fc.constantFrom('fail', 'park'),
      parkDeadline: wait,
    },
    optional,
  );
const moment = fc
  .date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const phase = fc.constantFrom(...PURCHASE_PHASES);
const ids = { externalSubscriptionId: text, tradingPartnerId: text };
const detail = fc.record(
  {
    ...ids,
    subscriptionNumber: text,
    phase,
    actionRequired: text,
    httpStatus: fc.integer({ min: 100, max: 599 }),
    refused: fc.boolean(),
    settlingMs: fc.nat(),
    retryAfterMs: fc.nat(),
    problems: fc.array(fc.record({ path: text, problem: text })),
  },
  optional,
);
const effect = fc.constantFrom('not-placed', 'too-late');

/** What may be sent and answered, by the name of its JSON Schema. The contract does not take all of it. */
export const SAMPLES: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  'order.json': order,
  'purchase-input.json': fc.record(
    { order, options: purchaseOptions(duration) },
    { requiredKeys: ['order'] },
  ),
  'status.json': fc.record(
    {
      phase,
      ...ids,
      subscriptionNumber: text,
      portalStatus: text,
      polls: fc.nat(),
      nextPollAt: moment,
      deadline: moment,
      cancellation: fc.record(
        { requestedAt: moment, via: fc.constantFrom('signal', 'update', 'temporal'), reason: text, effect },
        { requiredKeys: ['requestedAt', 'via'] },
      ),
      lastError: fc.record({ type: fc.constantFrom(...FAILURE_TYPES), message: text, at: moment }),
      actionRequired: text,
      timeline: fc.array(
        fc.record({ at: moment, event: text, detail: text }, { requiredKeys: ['at', 'event'] }),
      ),
    },
    { requiredKeys: ['phase', 'externalSubscriptionId', 'tradingPartnerId', 'polls', 'timeline'] },
  ),
  'result.json': fc.record(
    {
      outcome: fc.constant('Provisioned'),
      subscriptionNumber: text,
      ...ids,
      placedAt: moment,
      provisionedAt: moment,
      polls: fc.nat(),
    },
    {
      requiredKeys: [
        'outcome',
        'externalSubscriptionId',
        'tradingPartnerId',
        'placedAt',
        'provisionedAt',
        'polls',
      ],
    },
  ),
  'failure.json': fc.record({
    type: fc.constantFrom(...FAILURE_TYPES),
    message: text,
    details: fc.array(detail, { maxLength: 1 }),
  }),
  'order-placed-request.json': fc.record({ within: duration, order }, optional),
  'order-placed-answer.json': fc.record(
    { phase, ...ids, subscriptionNumber: text, actionRequired: text },
    { requiredKeys: ['phase', 'externalSubscriptionId', 'tradingPartnerId'] },
  ),
  'cancel-request.json': fc.record({ reason: text }, optional),
  'cancel-purchase-answer.json': fc.record(
    { effect, phase, subscriptionNumber: text, contact: text },
    { requiredKeys: ['effect', 'phase'] },
  ),
  'amend-order-answer.json': fc.record({ phase, ...ids }),
};
