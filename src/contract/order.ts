import { z } from 'zod';
import { CUSTOMER_FIELDS } from './assumptions.js';
import { purchaseWorkflowId } from './names.js';

const required = z
  .string()
  .refine((text) => text.trim() !== '', { error: 'must not be empty', abort: true })
  .meta({ pattern: String.raw`\S` });

/** Percent-encoded, in bytes: two of them fit into a workflow ID, for which a Temporal server takes 1,000. */
const LONGEST_ENCODED_ID = 480;

/**
 * An ID becomes part of a workflow ID, of a search attribute and of a URL's path. So: not too long, no lone
 * surrogates, nothing that cannot be seen, and neither `.` nor `..`, which URL parsers take for "here" and "one
 * up" even when they are percent-encoded (WHATWG URL, "dot segment").
 */
const id = required
  .max(100, 'must be at most 100 characters')
  .refine((text) => !/[\p{Cc}\p{Cf}\p{Cs}]/u.test(text), {
    error: 'must not have control or formatting characters, or lone surrogates',
    abort: true,
  })
  // Two spellings that a portal may take for one would be two purchases of one order.
  .refine((text) => text === text.trim(), 'must not start or end with a space')
  .refine((text) => !/^\.{1,2}$/.test(text), 'must not be a dot segment')
  .refine(
    (text) => encodeURIComponent(text).length <= LONGEST_ENCODED_ID,
    `must be at most ${LONGEST_ENCODED_ID} bytes when percent-encoded`,
  )
  // What of this a JSON Schema can say in any language: the regular expressions of some know no \p{…}.
  .meta({ pattern: '^[^\\s\0-\x1F]([^\0-\x1F]*[^\\s\0-\x1F])?$', not: { enum: ['.', '..'] } });

const ID_RULES = `Neither "." nor "..", no space at its start or end, no control or formatting characters, at most 100 characters and ${LONGEST_ENCODED_ID} bytes when percent-encoded.`;

/**
 * What a marketplace partner orders. Fields beyond these pass through to the portal unchanged, at every level.
 *
 * Source: GitLab's Marketplace partners page, "Create a new customer subscription".
 */
export const orderSchema = z.looseObject({
  /** The ID of the subscription on the partner's own system. */
  externalSubscriptionId: id.describe(`The ID of the subscription on the partner's own system. ${ID_RULES}`),
  /** The ID of the trading partner's account on the Customers Portal. */
  tradingPartnerId: id.describe(
    `The ID of the trading partner's account on the Customers Portal, as GitLab gave it. ${ID_RULES}`,
  ),
  customer: z.looseObject({
    [CUSTOMER_FIELDS.companyName]: required,
    contact: z.looseObject({
      firstName: required,
      lastName: required,
      email: z.email('must be an e-mail address'),
    }),
    address: z.looseObject({ country: required.describe('As the portal takes it; passed on as given.') }),
  }),
  orderLines: z
    .array(
      z.looseObject({
        productId: required,
        /** Seats: a whole number of at least 1. */
        quantity: z.int('must be a whole number').min(1, 'must be at least 1').describe('Seats.'),
      }),
    )
    .min(1, 'must have at least one order line'),
});

export type Order = z.infer<typeof orderSchema>;

/** The workflow ID under which an order is bought. */
export function workflowIdOf(order: Order): string {
  return purchaseWorkflowId(order);
}
