import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  describeProblems,
  orderSchema,
  problemsOf,
  purchaseWorkflowId,
  workflowIdOf,
  type Problem,
} from '../../src/contract/index.js';
import { anOrder } from '../helpers/orders.js';

const MISSING = Symbol('missing');
type Path = readonly (string | number)[];

/** A copy with another value at a path, or without what stands there. */
function changed(value: unknown, [step, ...rest]: Path, to: unknown): unknown {
  if (step === undefined) return to;
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => (index === step ? changed(item, rest, to) : item));
  }
  if (typeof value !== 'object' || value === null) throw new TypeError(`nothing at ${String(step)}`);
  const fields = new Map<string, unknown>(Object.entries(value));
  if (rest.length === 0 && to === MISSING) fields.delete(String(step));
  else fields.set(String(step), changed(fields.get(String(step)), rest, to));
  return Object.fromEntries(fields);
}

function problemsIn(order: unknown): Problem[] {
  const { error } = orderSchema.safeParse(order);
  return error === undefined ? [] : problemsOf(error);
}

const TEXTS: readonly [string, Path][] = [
  ['externalSubscriptionId', ['externalSubscriptionId']],
  ['tradingPartnerId', ['tradingPartnerId']],
  ['customer.companyName', ['customer', 'companyName']],
  ['customer.contact.firstName', ['customer', 'contact', 'firstName']],
  ['customer.contact.lastName', ['customer', 'contact', 'lastName']],
  ['customer.contact.email', ['customer', 'contact', 'email']],
  ['customer.address.country', ['customer', 'address', 'country']],
  ['orderLines[0].productId', ['orderLines', 0, 'productId']],
];
const OTHERS: readonly [string, Path][] = [
  ['customer', ['customer']],
  ['customer.contact', ['customer', 'contact']],
  ['customer.address', ['customer', 'address']],
  ['orderLines', ['orderLines']],
  ['orderLines[0].quantity', ['orderLines', 0, 'quantity']],
];
const NOT_GIVEN: readonly [string, unknown][] = [
  ['missing', MISSING],
  ['null', null],
];
const NOT_TEXT: readonly [string, unknown][] = [
  ['empty', ''],
  ['blank', ' \u00A0 '],
  ['a number', 7],
  ['an object', { value: 'x' }],
  ['a list', ['x']],
  ['true', true],
];

describe('a good order', () => {
  it('has no problem', () => {
    expect(problemsIn(anOrder())).toEqual([]);
  });

  const field = fc.string().map((name) => `x-${name}`);
  const more = fc.dictionary(field, fc.jsonValue(), { noNullPrototype: true });

  it('passes unchanged, with the fields that are unknown at every level', () => {
    fc.assert(
      fc.property(fc.array(more, { minLength: 5, maxLength: 5 }), (extras) => {
        const [top, customer, contact, address, line] = extras;
        const plain = anOrder();
        const order = {
          ...plain,
          ...top,
          customer: {
            ...plain.customer,
            ...customer,
            contact: { ...plain.customer.contact, ...contact },
            address: { ...plain.customer.address, ...address },
          },
          orderLines: plain.orderLines.map((one) => ({ ...one, ...line })),
        };
        expect(orderSchema.parse(order)).toStrictEqual(order);
      }),
    );
  });

  it('is not trimmed or tidied', () => {
    const order = anOrder({ tradingPartnerId: '0 01', externalSubscriptionId: '\u00C4 / %:?#', note: ' x ' });
    expect(orderSchema.parse(order)).toStrictEqual(order);
  });

  it('may have many lines, and lots of seats', () => {
    const line = { productId: 'p', quantity: Number.MAX_SAFE_INTEGER };
    expect(problemsIn(anOrder({ orderLines: [line, { ...line, quantity: 1 }] }))).toEqual([]);
  });
});

describe('a field that is required', () => {
  const cases = [
    ...TEXTS.flatMap(([name, path]) =>
      [...NOT_GIVEN, ...NOT_TEXT].map(([what, value]) => ({ name, path, what, value })),
    ),
    ...OTHERS.flatMap(([name, path]) =>
      [...NOT_GIVEN, ['a text', 'x'] as const].map(([what, value]) => ({ name, path, what, value })),
    ),
  ];

  it.each(cases)('$name: $what is one problem, there', ({ name, path, value }) => {
    const problems = problemsIn(changed(anOrder(), path, value));
    expect(problems).toEqual([{ path: name, problem: expect.stringMatching(/\S/) }]);
  });

  it('is found at the line it is missing in', () => {
    const line = { productId: 'p', quantity: 1 };
    const order = changed(anOrder({ orderLines: [line, line, line] }), ['orderLines', 2, 'productId'], ' ');
    expect(problemsIn(order)).toEqual([{ path: 'orderLines[2].productId', problem: 'must not be empty' }]);
  });

  it.each([null, undefined, 'order', 7, [], () => 0])('is missed in %j as an order', (order) => {
    expect(problemsIn(order)).toEqual([{ path: '', problem: expect.stringMatching(/expected object/) }]);
  });

  it('is told with all others, each where it is', () => {
    const order = {
      ...anOrder(),
      externalSubscriptionId: '',
      customer: { companyName: 'Example GmbH', contact: { firstName: 'Ada', email: 'no' }, address: {} },
      orderLines: [{ productId: 'p', quantity: 0 }, {}],
    };
    expect(problemsIn(order).map(({ path }) => path)).toEqual([
      'externalSubscriptionId',
      'customer.contact.lastName',
      'customer.contact.email',
      'customer.address.country',
      'orderLines[0].quantity',
      'orderLines[1].productId',
      'orderLines[1].quantity',
    ]);
  });
});

describe('an e-mail address', () => {
  it.each(['ada', 'ada@', '@example.com', 'ada@example', 'a da@example.com', ' ada@example.com', 'a@b@c.de'])(
    '%j is none',
    (email) => {
      const order = changed(anOrder(), ['customer', 'contact', 'email'], email);
      expect(problemsIn(order)).toEqual([
        { path: 'customer.contact.email', problem: 'must be an e-mail address' },
      ]);
    },
  );

  it.each(['ada@example.com', "ada.o'neil+gitlab@mail.example.co.uk", 'ADA@EXAMPLE.COM'])(
    '%s is one',
    (email) => {
      expect(problemsIn(changed(anOrder(), ['customer', 'contact', 'email'], email))).toEqual([]);
    },
  );
});

describe('a quantity', () => {
  it.each([
    [0, 'must be at least 1'],
    [-0, 'must be at least 1'],
    [-3, 'must be at least 1'],
    [1.5, 'must be a whole number'],
    ['1', 'must be a whole number'],
    [true, 'must be a whole number'],
    [[1], 'must be a whole number'],
    [1n, 'must be a whole number'],
    [1e21, 'must be a whole number'],
    [Number.MAX_SAFE_INTEGER + 1, 'must be a whole number'],
    [Number.NaN, 'must be a whole number'],
    [Number.POSITIVE_INFINITY, 'must be a whole number'],
  ])('%s is refused', (quantity, problem) => {
    const order = changed(anOrder(), ['orderLines', 0, 'quantity'], quantity);
    expect(problemsIn(order)).toEqual([{ path: 'orderLines[0].quantity', problem }]);
  });
});

describe('order lines', () => {
  it('are at least one', () => {
    expect(problemsIn(anOrder({ orderLines: [] }))).toEqual([
      { path: 'orderLines', problem: 'must have at least one order line' },
    ]);
  });

  it.each([null, 'line', 7])('%j is none', (line) => {
    expect(problemsIn({ ...anOrder(), orderLines: [line] })).toEqual([
      { path: 'orderLines[0]', problem: expect.stringMatching(/expected object/) },
    ]);
  });
});

describe.each(['externalSubscriptionId', 'tradingPartnerId'] as const)('the ID %s', (name) => {
  const problemsWith = (id: string) => problemsIn(anOrder({ [name]: id }));

  it.each([
    ['.', /dot segment/],
    ['..', /dot segment/],
    [' EXT-1', /space/],
    ['EXT-1 ', /space/],
    ['a\nb', /control or formatting characters/],
    ['\u0000', /control or formatting characters/],
    ['a\u007F', /control or formatting characters/],
    ['a\u0085', /control or formatting characters/],
    ['a\u202Eb', /control or formatting characters/],
    ['\uD800', /lone surrogates/],
    ['a\uDC00b', /lone surrogates/],
    ['\uDC00\uD800', /lone surrogates/],
    ['a'.repeat(101), /at most 100 characters/],
    ['\u4E2D'.repeat(54), /at most 480 bytes/],
    ['', /empty/],
    ['   ', /empty/],
    ['\u00A0\u3000', /empty/],
  ])('may not be %j', (id, problem) => {
    expect(problemsWith(id)).toEqual([{ path: name, problem: expect.stringMatching(problem) }]);
  });

  it.each(['a', '...', '.a', 'a b', '\u{1F600}', '%2e%2e', 'a:b/c?d#e', 'a'.repeat(100)])(
    'may be %j',
    (id) => {
      expect(problemsWith(id)).toEqual([]);
    },
  );

  it('makes a workflow ID and a URL of it whenever it is good', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (id) => {
        fc.pre(problemsWith(id).length === 0);
        const order = anOrder({ [name]: id });
        expect(workflowIdOf(order)).toBe(purchaseWorkflowId(order));
        const { pathname } = new URL(`https://portal/a/${encodeURIComponent(id)}/z`);
        expect(pathname.split('/')).toHaveLength(4);
      }),
    );
  });
});

/** The longest ID of one character that the schema takes. */
function longest(character: string): string {
  const ids = Array.from({ length: 100 }, (_, index) => character.repeat(index + 1));
  const good = ids.filter((id) => {
    return problemsIn(anOrder({ externalSubscriptionId: id, tradingPartnerId: id })).length === 0;
  });
  return good.at(-1) ?? '';
}

describe('the two IDs', () => {
  it.each(['a', '%', '\u00E4', '\u4E2D', '\u{1F600}'])(
    'of %s fit into the 1,000 bytes that a server takes for a workflow ID',
    (character) => {
      const id = longest(character);
      expect(id).not.toBe('');
      const workflowId = purchaseWorkflowId({ tradingPartnerId: id, externalSubscriptionId: id });
      expect(Buffer.byteLength(workflowId)).toBeLessThanOrEqual(1_000);
    },
  );
});

describe('problems', () => {
  it('never repeat a value', () => {
    const secret = 'hunter2 hunter2';
    const order = {
      ...anOrder(),
      tradingPartnerId: `${secret}\n`,
      externalSubscriptionId: secret.repeat(10),
      customer: { companyName: [secret], contact: { email: secret }, address: secret },
      orderLines: [{ productId: { secret }, quantity: secret }],
    };
    const problems = problemsIn(order);
    expect(problems.length).toBeGreaterThan(7);
    expect(describeProblems(problems)).not.toContain('hunter2');
  });

  it('are told in at most 200 characters each, and as many for the path', () => {
    const field = z.object({
      ['p'.repeat(201)]: z.string({ error: 'e'.repeat(201) }),
      q: z.string({ error: 'e'.repeat(200) }),
    });
    expect(problemsOf(field.safeParse({}).error ?? expect.unreachable())).toEqual([
      { path: `${'p'.repeat(200)}…`, problem: `${'e'.repeat(200)}…` },
      { path: 'q', problem: 'e'.repeat(200) },
    ]);
  });

  it('are told on one line, with their paths', () => {
    expect(
      describeProblems([
        { path: '', problem: 'Unrecognized key: "x"' },
        { path: 'order.orderLines[0].quantity', problem: 'must be at least 1' },
      ]),
    ).toBe('Unrecognized key: "x"; order.orderLines[0].quantity: must be at least 1');
  });
});
