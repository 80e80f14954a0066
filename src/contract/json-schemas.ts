import { z } from 'zod';
import { FAILURE_TYPES, type FailureType } from './names.js';
import { orderSchema } from './order.js';
import {
  amendOrderAnswerSchema,
  cancelPurchaseAnswerSchema,
  cancelRequestSchema,
  failureDetailSchema,
  orderPlacedAnswerSchema,
  orderPlacedRequestSchema,
  purchaseInputSchema,
  purchaseResultSchema,
  purchaseStatusSchema,
} from './purchase.js';

/** Exhaustive, so that a new type comes with its meaning. */
const FAILURE_MEANINGS: Readonly<Record<FailureType, string>> = {
  InvalidOrder: 'the input has the wrong shape; every problem is listed',
  WorkflowIdMismatch: "the run's workflow ID is not the one that its order asks for",
  OrderConflict: 'the same IDs, but another order; or an amendment that comes at the wrong time',
  InvalidClient: 'the portal does not know the client ID or secret',
  InvalidScope: 'the portal does not grant the scope',
  NotPermitted: 'the portal does not permit the call, such as for a trading partner that it does not list',
  OrderRejected: "the portal refused the order; the message has the portal's own words",
  PortalUnavailable: 'the portal could not be reached, and surely took no order',
  RateLimited: 'the portal asked to be called less often',
  UnexpectedResponse: "the portal's answer could not be understood",
  UnknownOutcome: 'an order was sent, and whether the portal took it is not known',
  ProvisioningFailed: 'the portal says that provisioning failed',
  ProvisioningOverdue: 'the order exists, but was not provisioned before its deadline',
  ParkExpired: 'a person was needed and nobody acted before the park deadline',
};

/** Temporal's `ApplicationFailure`, with the names that its SDKs give to what is in it. */
export const failureSchema = z.object({
  type: z
    .enum(FAILURE_TYPES)
    .describe(FAILURE_TYPES.map((type) => `${type}: ${FAILURE_MEANINGS[type]}.`).join(' ')),
  message: z.string().describe('For a person to read.'),
  details: z
    .array(failureDetailSchema)
    .describe('One, which says what a caller needs to go on, and nothing personal; or none.'),
});

const UNSAID =
  'Checked beyond what a schema says: at most about 256 KiB as JSON and 50 levels deep, no field named __proto__, no whole number beyond 2^53 - 1 (write it as text).';

const DOCUMENTS: readonly Document[] = [
  {
    name: 'order',
    schema: orderSchema,
    title: 'Order',
    description: `What a marketplace partner orders. Fields beyond these pass through to the portal unchanged, at every level. ${UNSAID}`,
  },
  {
    name: 'purchase-input',
    schema: purchaseInputSchema,
    title: 'Purchase input',
    description: `The one argument of PurchaseWorkflow. ${UNSAID}`,
    end: 'output',
  },
  {
    name: 'status',
    schema: purchaseStatusSchema,
    title: 'Purchase status',
    description: 'What the status query answers.',
  },
  {
    name: 'result',
    schema: purchaseResultSchema,
    title: 'Purchase result',
    description: 'What a purchase ends with once its license is provisioned.',
  },
  {
    name: 'failure',
    schema: failureSchema,
    title: 'Purchase failure',
    description:
      'What a failed run and a refused or failed update carry: an ApplicationFailure (ApplicationError in some SDKs).',
  },
  {
    name: 'order-placed-request',
    schema: orderPlacedRequestSchema,
    title: 'orderPlaced request',
    description: 'What the orderPlaced update takes; nothing at all will do, too.',
  },
  {
    name: 'order-placed-answer',
    schema: orderPlacedAnswerSchema,
    title: 'orderPlaced answer',
    description:
      'What the orderPlaced update answers. Without a number, the purchase is parked, or the time was up, or it continues as a new run.',
  },
  {
    name: 'cancel-request',
    schema: cancelRequestSchema,
    title: 'Cancel request',
    description: 'What the cancel signal and the cancelPurchase update take; nothing at all will do, too.',
  },
  {
    name: 'cancel-purchase-answer',
    schema: cancelPurchaseAnswerSchema,
    title: 'cancelPurchase answer',
    description: 'What the cancelPurchase update answers.',
  },
  {
    name: 'amend-order-answer',
    schema: amendOrderAnswerSchema,
    title: 'amendOrder answer',
    description:
      'What the amendOrder update, which takes an order, answers once the purchase goes on with it.',
  },
];

interface Document {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly title: string;
  readonly description: string;
  /**
   * Which end of the schema is told. At its input, an object is open: a reader takes fields that it does not know.
   * A pipe says what it checks only at its output. @default "input"
   */
  readonly end?: 'input' | 'output';
}

/**
 * The contract as JSON Schemas (draft 2020-12) for callers in other languages, by file name. Each stands alone.
 *
 * None refuses what the contract takes. What JSON Schema cannot say, its descriptions do.
 */
export function jsonSchemas(): ReadonlyMap<string, object> {
  return new Map(DOCUMENTS.map((document) => [`${document.name}.json`, jsonSchemaOf(document)]));
}

function jsonSchemaOf({ name, schema, title, description, end = 'input' }: Document): object {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: end });
  return { $schema, $id: `urn:gitlab-marketplace-temporal:${name}`, title, description, ...rest };
}
