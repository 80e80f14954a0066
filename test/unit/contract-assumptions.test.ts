import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CUSTOMER_FIELDS,
  errorMessageIn,
  MAY_MEAN_EXISTS,
  NOT_PERMITTED_STATUS,
  PORTAL_STATUSES,
  subscriptionAnswerSchema,
  subscriptionNumberIn,
  tokenAnswerSchema,
} from '../../src/contract/index.js';

const NUMBER_FIELDS = [
  'subscriptionNumber',
  'subscription_number',
  'subscriptionId',
  'subscription_id',
  'orderId',
  'order_id',
  'orderNumber',
  'order_number',
];
const ENVELOPES = ['subscription', 'order', 'data'];

/** So deep that a search which calls itself overflows the stack. */
function nested(name: string, levels = 100_000): unknown {
  let value: unknown = 'the bottom';
  for (let level = 0; level < levels; level += 1) value = { [name]: value };
  return value;
}

describe('what is assumed', () => {
  it('is what the documents of this project say', () => {
    expect(CUSTOMER_FIELDS.companyName).toBe('companyName');
    expect([...MAY_MEAN_EXISTS]).toEqual([409, 422]);
    expect(NOT_PERMITTED_STATUS).toBe(403);
    expect(PORTAL_STATUSES).toEqual(['Creating', 'Created', 'Failed', 'Provisioned']);
  });
});

describe('the subscription number', () => {
  it.each(NUMBER_FIELDS)('is found as %s, at the top or in an envelope', (field) => {
    expect(subscriptionNumberIn({ status: 'Created', [field]: 'A-S0001' })).toBe('A-S0001');
    for (const envelope of ENVELOPES) {
      expect(subscriptionNumberIn({ [envelope]: { [field]: 'A-S0001' } })).toBe('A-S0001');
      expect(subscriptionNumberIn({ data: { [envelope]: { [field]: 'A-S0001' } } })).toBe('A-S0001');
    }
  });

  it('is taken from the first field that has one, the top first', () => {
    const all = Object.fromEntries(NUMBER_FIELDS.map((field) => [field, field]));
    let rest: Record<string, string> = all;
    for (const field of NUMBER_FIELDS) {
      expect(subscriptionNumberIn({ data: { subscriptionNumber: 'inner' }, ...rest })).toBe(field);
      rest = Object.fromEntries(Object.entries(rest).filter(([name]) => name !== field));
    }
    expect(subscriptionNumberIn({ subscriptionNumber: ' ', orderId: 'A-1' })).toBe('A-1');
    expect(subscriptionNumberIn({ subscription: {}, data: { orderId: 'A-1' } })).toBe('A-1');
  });

  it.each([
    [12_345, '12345'],
    ['12345', '12345'],
    ['  A-S0001\n', 'A-S0001'],
    ['a'.repeat(200), 'a'.repeat(200)],
  ])('may be %j', (value, number) => {
    expect(subscriptionNumberIn({ subscriptionNumber: value })).toBe(number);
  });

  it.each([
    '',
    '  ',
    'a'.repeat(201),
    'A\n1',
    'A\u00001',
    1.5,
    1e21,
    Number.NaN,
    true,
    null,
    undefined,
    [],
    ['A'],
    {},
    { id: 'A' },
  ])('is not %j', (value) => {
    expect(subscriptionNumberIn({ subscriptionNumber: value })).toBeUndefined();
  });

  it.each([undefined, null, 'A-S0001', 7, [], [{ subscriptionNumber: 'A' }], {}, { id: 'A' }, { lines: {} }])(
    'is not found in %j',
    (answer) => {
      expect(subscriptionNumberIn(answer)).toBeUndefined();
    },
  );

  it('is looked for in at most two envelopes, one in the other', () => {
    const number = { orderId: 'A-1' };
    expect(subscriptionNumberIn({ data: { order: number } })).toBe('A-1');
    expect(subscriptionNumberIn({ data: { order: { subscription: number } } })).toBeUndefined();
    for (const envelope of ENVELOPES) expect(subscriptionNumberIn(nested(envelope))).toBeUndefined();
  });

  it('is a text that is not empty, or nothing, whatever the portal answers', () => {
    const field = fc.constantFrom(...NUMBER_FIELDS, ...ENVELOPES, 'other');
    const { answer } = fc.letrec((tie) => ({
      answer: fc.oneof({ maxDepth: 4 }, fc.jsonValue(), fc.dictionary(field, tie('answer'))),
    }));
    fc.assert(
      fc.property(answer, (value) => {
        const number = subscriptionNumberIn(value) ?? 'none';
        expect(number).toBe(number.trim());
        expect(number).toMatch(/./s);
      }),
    );
  });
});

describe("the portal's own words", () => {
  it.each<[unknown, string]>([
    ['maintenance', 'maintenance'],
    [' maintenance\n', 'maintenance'],
    [{ error_description: 'unknown client' }, 'unknown client'],
    [{ message: 'too many seats' }, 'too many seats'],
    [{ error: 'invalid_scope' }, 'invalid_scope'],
    [{ errors: 'too many seats' }, 'too many seats'],
    [{ error: 'invalid_client', error_description: 'unknown client' }, 'unknown client'],
    [{ error: 'invalid', message: 'too many seats' }, 'too many seats'],
    [{ message: ' ', error: 'invalid' }, 'invalid'],
    [{ error: { message: 'too many seats' } }, 'too many seats'],
    [{ error: { code: 'x1', message: 'too many seats' } }, 'too many seats'],
    [{ errors: ['too many seats', 'no such product'] }, 'too many seats; no such product'],
    [
      { errors: [{ message: 'too many seats' }, { error: 'no such product' }] },
      'too many seats; no such product',
    ],
    [
      { errors: { quantity: ['is too large', 'is odd'], email: 'is taken' } },
      'quantity: is too large; is odd; email: is taken',
    ],
    [['one', 'two'], 'one; two'],
    [{ quantity: ['is too large'] }, 'quantity: is too large'],
    [{ errors: [null, 7, 'one', '', {}] }, 'one'],
  ])('in %j', (answer, words) => {
    expect(errorMessageIn(answer)).toBe(words);
  });

  it.each([
    undefined,
    null,
    '',
    ' \n',
    7,
    true,
    [],
    {},
    [[]],
    { error: '' },
    { errors: [] },
    { status: 500 },
  ])('are none in %j', (answer) => {
    expect(errorMessageIn(answer)).toBeUndefined();
  });

  it('are not looked for without end', () => {
    for (const name of ['error', 'errors', 'message', 'other']) {
      expect(errorMessageIn(nested(name))).toBeUndefined();
    }
    let list: unknown = 'the bottom';
    for (let level = 0; level < 100_000; level += 1) list = [list];
    expect(errorMessageIn(list)).toBeUndefined();
    expect(errorMessageIn(nested('error', 4))).toBe('the bottom');
    expect(errorMessageIn(nested('error', 5))).toBeUndefined();
  });

  it('are a text that is not empty, or nothing, whatever the portal answers', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (answer) => {
        expect(errorMessageIn(answer) ?? 'none').toMatch(/\S/);
      }),
    );
  });
});

describe("a token's answer", () => {
  const good = { access_token: 'abc.DEF-123_~+/==', token_type: 'Bearer', expires_in: 7_200 };

  it.each([
    good,
    { access_token: 't' },
    { ...good, token_type: 'bearer' },
    { ...good, expires_in: 0.5 },
    { ...good, scope: 'marketplace.order:read', created_at: 1 },
  ])('may be %j', (answer) => {
    expect(tokenAnswerSchema.safeParse(answer).success).toBe(true);
  });

  it.each([
    {},
    { ...good, access_token: '' },
    { ...good, access_token: 'a b' },
    { ...good, access_token: 'a\r\nX-Header: 1' },
    { ...good, access_token: 'a=b' },
    { ...good, access_token: 7 },
    { ...good, token_type: 'mac' },
    { ...good, token_type: 'Bearer x' },
    { ...good, expires_in: 0 },
    { ...good, expires_in: -1 },
    { ...good, expires_in: '7200' },
  ])('may not be %j', (answer) => {
    expect(tokenAnswerSchema.safeParse(answer).success).toBe(false);
  });
});

describe("a subscription's answer", () => {
  it.each([...PORTAL_STATUSES, 'Thinking', ' Created '])('may have the status %j', (status) => {
    expect(subscriptionAnswerSchema.parse({ status, more: 1 })).toEqual({ status: status.trim(), more: 1 });
  });

  it.each(['', '  ', 'a'.repeat(101), 'a\nb', 'a\u0000b', 7, null, undefined, ['Created']])(
    'may not have %j',
    (status) => {
      expect(subscriptionAnswerSchema.safeParse({ status }).success).toBe(false);
    },
  );
});
