import { readdirSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import {
  amendOrderAnswerSchema,
  cancelPurchaseAnswerSchema,
  cancelRequestSchema,
  optionsSchema,
  orderPlacedAnswerSchema,
  orderPlacedRequestSchema,
  orderSchema,
  purchaseInputSchema,
  purchaseResultSchema,
  purchaseStatusSchema,
  resolveOptions,
} from '../../src/contract/index.js';
import { failureSchema, jsonSchemas } from '../../src/contract/json-schemas.js';
import { SAMPLES } from '../helpers/contract-arbitraries.js';
import { compile } from '../helpers/json-schema.js';
import { anOrder } from '../helpers/orders.js';

const FOLDER = '../../schema';
const schemas = jsonSchemas();

function compiled(file: string): ValidateFunction {
  return compile(schemas.get(file) ?? expect.unreachable(`there is no ${file}`));
}

/** The JSON Schema files, each with what the contract says in zod. */
const PAIRS: readonly [string, z.ZodType][] = [
  ['order.json', orderSchema],
  ['purchase-input.json', purchaseInputSchema],
  ['status.json', purchaseStatusSchema],
  ['result.json', purchaseResultSchema],
  ['failure.json', failureSchema],
  ['order-placed-request.json', orderPlacedRequestSchema],
  ['order-placed-answer.json', orderPlacedAnswerSchema],
  ['cancel-request.json', cancelRequestSchema],
  ['cancel-purchase-answer.json', cancelPurchaseAnswerSchema],
  ['amend-order-answer.json', amendOrderAnswerSchema],
];

describe('the files in schema/', () => {
  it.each([...schemas])(
    '%s is fresh (write it with: npx vitest run schema.test -u)',
    async (file, schema) => {
      await expect(`${JSON.stringify(schema, undefined, 2)}\n`).toMatchFileSnapshot(`${FOLDER}/${file}`);
    },
  );

  it('are all there is, and each is tested here', () => {
    const files = readdirSync(new URL(FOLDER, import.meta.url)).filter((file) => file.endsWith('.json'));
    expect(files.toSorted()).toEqual([...schemas.keys()].toSorted());
    expect(PAIRS.map(([file]) => file)).toEqual([...schemas.keys()]);
  });

  it.each([...schemas])('%s compiles in strict mode, alone, under an ID of its own', (file, schema) => {
    expect(compiled(file)).toBeTypeOf('function');
    expect(schema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: `urn:gitlab-marketplace-temporal:${file.replace('.json', '')}`,
      title: expect.stringMatching(/\S/),
      description: expect.stringMatching(/\S/),
    });
    expect(JSON.stringify(schema)).not.toContain('$ref');
  });

  it.each([...schemas.values()])(
    '$title: has patterns that regular expressions of any language take',
    (schema) => {
      for (const pattern of patternsIn(schema)) expect(pattern).not.toMatch(/\\[pPuxbBk]|\(\?[^:]/);
    },
  );
});

function patternsIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([name, value]: [string, unknown]) =>
    name === 'pattern' && typeof value === 'string' ? [value] : patternsIn(value),
  );
}

describe.each(PAIRS)('%s', (file, zod) => {
  const validate = compiled(file);

  it('takes all that the contract takes', () => {
    let taken = 0;
    const sample = SAMPLES[file] ?? expect.unreachable(`there are no samples of ${file}`);
    fc.assert(
      fc.property(sample, fc.jsonValue({ maxDepth: 2 }), (value, other) => {
        for (const candidate of [value, ...variants(value, other)]) {
          if (!zod.safeParse(candidate).success) continue;
          taken += 1;
          expect(validate(candidate) || validate.errors).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
    expect(taken).toBeGreaterThan(10);
  });

  it.each([null, 'text', 7, true, []])('does not take %j, nor does the contract', (value) => {
    expect(validate(value)).toBe(false);
    expect(zod.safeParse(value).success).toBe(false);
  });
});

/** A value without each of its fields, and with another in its place. */
function variants(value: unknown, other: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value).flatMap((name) => [without(value, name), { ...value, [name]: other }]);
}

function without(value: object, name: string): object {
  return Object.fromEntries(Object.entries(value).filter(([field]) => field !== name));
}

describe('what is clearly broken is refused by JSON Schema and contract alike:', () => {
  const good = anOrder();
  const { customer } = good;
  const { contact } = customer;
  const [line] = good.orderLines;

  it.each<[string, string, unknown]>([
    ['an ID of nothing', 'order.json', { ...good, externalSubscriptionId: '' }],
    ['an ID of spaces', 'order.json', { ...good, tradingPartnerId: ' \u00A0' }],
    ['an ID with a space at its start', 'order.json', { ...good, externalSubscriptionId: ' EXT-1' }],
    ['an ID with a space at its end', 'order.json', { ...good, externalSubscriptionId: 'EXT-1 ' }],
    ['an ID with a line break', 'order.json', { ...good, externalSubscriptionId: 'EXT\n1' }],
    ['an ID that is a dot segment', 'order.json', { ...good, externalSubscriptionId: '..' }],
    ['an ID that is too long', 'order.json', { ...good, externalSubscriptionId: 'x'.repeat(101) }],
    ['a number as an ID', 'order.json', { ...good, externalSubscriptionId: 1001 }],
    ['no trading partner', 'order.json', without(good, 'tradingPartnerId')],
    ['no customer', 'order.json', without(good, 'customer')],
    ['a blank name', 'order.json', { ...good, customer: { ...customer, companyName: '  ' } }],
    ['no address', 'order.json', { ...good, customer: without(customer, 'address') }],
    ['no country', 'order.json', { ...good, customer: { ...customer, address: {} } }],
    [
      'an e-mail address without a domain',
      'order.json',
      { ...good, customer: { ...customer, contact: { ...contact, email: 'ada' } } },
    ],
    ['no line', 'order.json', { ...good, orderLines: [] }],
    ['no seats', 'order.json', { ...good, orderLines: [{ ...line, quantity: 0 }] }],
    ['half a seat', 'order.json', { ...good, orderLines: [{ ...line, quantity: 1.5 }] }],
    ['a text as a quantity', 'order.json', { ...good, orderLines: [{ ...line, quantity: '1' }] }],
    ['the order alone', 'purchase-input.json', good],
    ['a field beside the order', 'purchase-input.json', { order: good, option: {} }],
    ['an unknown option', 'purchase-input.json', { order: good, options: { poling: {} } }],
    ['no duration', 'purchase-input.json', { order: good, options: { parkDeadline: '30 days' } }],
    ['a number as a duration', 'purchase-input.json', { order: good, options: { parkDeadline: 30 } }],
    [
      'a shrinking interval',
      'purchase-input.json',
      { order: good, options: { polling: { backoffCoefficient: 0.5 } } },
    ],
    ['another way to be rejected', 'purchase-input.json', { order: good, options: { onRejected: 'retry' } }],
    ['no duration to wait for a number', 'order-placed-request.json', { within: 'soon' }],
    ['an order that is none', 'order-placed-request.json', { order: {} }],
    ['a reason that is none', 'cancel-request.json', { reason: 7 }],
    ['an unknown failure', 'failure.json', { type: 'Oops', message: '', details: [] }],
    [
      'a local time',
      'result.json',
      {
        outcome: 'Provisioned',
        externalSubscriptionId: 'EXT-1',
        tradingPartnerId: 'TP-1',
        placedAt: '2026-01-01T00:00:00',
        provisionedAt: '2026-01-01T00:00:00Z',
        polls: 1,
      },
    ],
  ])('%s', (_, file, value) => {
    const zod = new Map(PAIRS).get(file);
    expect(zod?.safeParse(value).success).toBe(false);
    expect(compiled(file)(value)).toBe(false);
  });
});

describe('the defaults of the options', () => {
  it('are what a purchase without options has', () => {
    const ajv = new Ajv2020({ useDefaults: true, formats: { email: true } });
    const input = { order: anOrder(), options: { polling: {}, settling: {} } };
    expect(ajv.validate(schemas.get('purchase-input.json') ?? false, input)).toBe(true);
    expect(input.options.polling).not.toEqual({});
    expect(resolveOptions(optionsSchema.parse(input.options))).toEqual(resolveOptions());
  });

  it('spoil no options that are good without them', () => {
    const ajv = new Ajv2020({ useDefaults: true, formats: { email: true } });
    const fill = ajv.compile(schemas.get('purchase-input.json') ?? false);
    fc.assert(
      fc.property(SAMPLES['purchase-input.json'] ?? fc.constant(undefined), (input) => {
        if (!purchaseInputSchema.safeParse(input).success) return;
        const filled: unknown = structuredClone(input);
        expect(fill(filled)).toBe(true);
        expect(purchaseInputSchema.safeParse(filled).success).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});
