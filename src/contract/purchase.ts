import { z } from 'zod';
import { refuseUnfit } from './limits.js';
import { FAILURE_TYPES, HELD_CODES, PURCHASE_PHASES } from './names.js';
import { durationSchema, optionsSchema } from './options.js';
import { orderSchema } from './order.js';

/** The one argument of `PurchaseWorkflow`. */
export const purchaseInputSchema = z
  .unknown()
  .superRefine(refuseUnfit)
  .pipe(
    z.strictObject(
      { order: orderSchema, options: optionsSchema.optional() },
      {
        error: ({ code }) =>
          code === 'invalid_type' ? 'the input must be one object { "order": …, "options"?: … }' : undefined,
      },
    ),
  );

export type PurchaseInput = z.infer<typeof purchaseInputSchema>;

/** A moment, as ISO 8601 in UTC. */
const moment = z.iso.datetime().meta({ pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$` });

/** A number of things that happened. */
const count = z.int().meta({ minimum: 0 });

/** What a purchase ends with once its license is provisioned. */
export const purchaseResultSchema = z.object({
  outcome: z.literal('Provisioned'),
  /** Absent only when no answer of the portal had one. */
  subscriptionNumber: z
    .string()
    .describe("The portal's number of the subscription. Absent only when no answer of the portal had one.")
    .exactOptional(),
  externalSubscriptionId: z.string(),
  tradingPartnerId: z.string(),
  /** When the portal took the order, or when an order that it had already was found. */
  placedAt: moment.describe(
    'When the portal took the order, or when an order that it had already was found.',
  ),
  provisionedAt: moment,
  /** How many times the portal was asked for the status. */
  polls: count.describe('How many times the portal was asked for the status.'),
});

export type PurchaseResult = z.infer<typeof purchaseResultSchema>;

const effect = z.enum(['not-placed', 'too-late']);
const EFFECTS = 'not-placed: no order exists. too-late: the order stands.';

/** The wish to cancel, and what came of it. */
export const cancellationSchema = z.object({
  requestedAt: moment,
  /** Who wished it: our `cancel` signal, our `cancelPurchase` update, or Temporal's own cancellation. */
  via: z
    .enum(['signal', 'update', 'temporal'])
    .describe("Who wished it: the cancel signal, the cancelPurchase update, or Temporal's own cancellation."),
  reason: z.string().describe('Why, as it was given; at most 200 characters.').exactOptional(),
  /** `not-placed`: no order exists. `too-late`: the order stands. Absent while that is not known. */
  effect: effect.describe(`${EFFECTS} Absent while that is not known.`).exactOptional(),
});

export type Cancellation = z.infer<typeof cancellationSchema>;

const lastErrorSchema = z.object({
  type: z.enum(FAILURE_TYPES),
  message: z.string(),
  at: moment,
});

const phase = z
  .enum(PURCHASE_PHASES)
  .describe(
    'Placing: the order is being placed. Confirming: whether an order exists is not known, and is being found out. Provisioning: the order exists, and is followed. ActionRequired: parked, a person must act. Provisioned, Failed, Cancelled, Overdue: the ends.',
  );
const subscriptionNumber = z.string().describe("The portal's number of the subscription, once it is known.");
const actionRequired = z
  .string()
  .describe('What a person must do. Present while the phase is ActionRequired, and where it ended badly.');

/** What the `status` query answers. */
export const purchaseStatusSchema = z.object({
  phase,
  externalSubscriptionId: z.string(),
  tradingPartnerId: z.string(),
  subscriptionNumber: subscriptionNumber.exactOptional(),
  /** The portal's own word for where the order stands, as it was given. */
  portalStatus: z
    .string()
    .describe("The portal's own word for where the order stands, as it was given.")
    .exactOptional(),
  polls: count.describe('How many times the portal was asked for the status.'),
  /** When the portal is called next, if a timer runs for that. */
  nextPollAt: moment
    .describe('When the portal is called next. Absent when no timer runs for that.')
    .exactOptional(),
  /** When the purchase ends as `Overdue`, or, while parked, as `ParkExpired`. */
  deadline: moment
    .describe('When the purchase ends as Overdue, or, while parked, fails with ParkExpired.')
    .exactOptional(),
  cancellation: cancellationSchema.describe('The wish to cancel, and what came of it.').exactOptional(),
  /** The last thing that went wrong; it stays after it was overcome. */
  lastError: lastErrorSchema
    .describe('The last thing that went wrong; it stays after it was overcome.')
    .exactOptional(),
  /** What a person must do. Present while the phase is `ActionRequired`, and where it ended badly. */
  actionRequired: actionRequired.exactOptional(),
  /** What happened, oldest first; the middle of a long story is left out. */
  timeline: z
    .array(
      z.object({
        at: moment,
        event: z.string().describe('What happened, in one word; there may be more of them one day.'),
        detail: z.string().exactOptional(),
      }),
    )
    .describe('What happened, oldest first; the middle of a long story is left out.'),
});

export type PurchaseStatus = z.infer<typeof purchaseStatusSchema>;

/** What the memo keeps of a {@link PurchaseStatus}, for readers that no worker answers. */
export const purchaseSummarySchema = purchaseStatusSchema
  .pick({
    phase: true,
    portalStatus: true,
    deadline: true,
    cancellation: true,
    lastError: true,
    actionRequired: true,
  })
  .extend({
    at: moment,
    /** Whether an order exists at the portal, as far as the purchase knows. */
    order: z.enum(['placed', 'not-placed', 'unknown']),
    /** Whether `amendOrder` replaced the order that the purchase was started with. */
    amended: z.boolean().exactOptional(),
  });

export type PurchaseSummary = z.infer<typeof purchaseSummarySchema>;

/** What the `cancel` signal and the `cancelPurchase` update take; nothing at all will do, too. */
export const cancelRequestSchema = z.object({
  /** Why; shown in the status. */
  reason: z.string().describe('Why; its first 200 characters are shown in the status.').exactOptional(),
});

export type CancelRequest = z.infer<typeof cancelRequestSchema>;

/** What the `orderPlaced` update takes; nothing at all will do, too. */
export const orderPlacedRequestSchema = z.object({
  /** How long to wait for the order at most, as a duration. Without it: until it exists or never will. */
  within: durationSchema
    .describe('How long to wait for the order at most. Without it: until it exists or never will.')
    .exactOptional(),
  /** The order the caller means; another than the run's is refused with `OrderConflict`. */
  order: orderSchema
    .describe("The order that the caller means; another than the run's is refused with OrderConflict.")
    .exactOptional(),
});

export type OrderPlacedRequest = z.infer<typeof orderPlacedRequestSchema>;

/** What the `orderPlaced` update answers; without a number when the purchase is parked or `within` passed. */
export const orderPlacedAnswerSchema = purchaseStatusSchema.pick({
  phase: true,
  externalSubscriptionId: true,
  tradingPartnerId: true,
  subscriptionNumber: true,
  actionRequired: true,
});

export type OrderPlacedAnswer = z.infer<typeof orderPlacedAnswerSchema>;

/** What the `cancelPurchase` update answers. */
export const cancelPurchaseAnswerSchema = z.object({
  effect: effect.describe(EFFECTS),
  phase,
  subscriptionNumber: subscriptionNumber.exactOptional(),
  /** Whom to contact about an order that stands. */
  contact: z.string().describe('Whom to contact about an order that stands.').exactOptional(),
});

export type CancelPurchaseAnswer = z.infer<typeof cancelPurchaseAnswerSchema>;

/** What the `amendOrder` update answers, once the purchase goes on with the new order. */
export const amendOrderAnswerSchema = purchaseStatusSchema.pick({
  phase: true,
  externalSubscriptionId: true,
  tradingPartnerId: true,
});

export type AmendOrderAnswer = z.infer<typeof amendOrderAnswerSchema>;

/** The first detail of every typed failure: what a caller needs to go on, and nothing personal. */
export const failureDetailSchema = z.object({
  externalSubscriptionId: z.string().exactOptional(),
  tradingPartnerId: z.string().exactOptional(),
  subscriptionNumber: z
    .string()
    .describe("The portal's number of the subscription, if an order exists.")
    .exactOptional(),
  phase: phase.exactOptional(),
  /** What a person must do. */
  actionRequired: z.string().describe('What a person must do.').exactOptional(),
  /** The HTTP status of the portal's answer, if there was one. */
  httpStatus: z.int().describe("The HTTP status of the portal's answer, if there was one.").exactOptional(),
  /** Whether the portal answered a POST with a refusal that may only mean "exists already". */
  refused: z
    .boolean()
    .describe('Whether the portal refused an order in words that may only mean that it exists already.')
    .exactOptional(),
  /** How long an order of unknown outcome may still turn up, in milliseconds, where that is not an option's matter. */
  settlingMs: z
    .number()
    .describe('How long an order of unknown outcome may still turn up, in milliseconds.')
    .exactOptional(),
  /** How long the portal asked us to wait, in milliseconds (`Retry-After`), or until a held call may be made. */
  retryAfterMs: z
    .number()
    .describe(
      'How long the portal asked to be left alone, in milliseconds (Retry-After), or when a held call may be made.',
    )
    .exactOptional(),
  /** Why a worker held the call back; absent when it was made. */
  held: z
    .enum(HELD_CODES)
    .describe(
      'Why a worker held its call to the portal back. PAUSED: the portal asked for it. CIRCUIT_OPEN: the portal is down. BUSY: too many calls wait. STOPPING: the worker stops. Absent when the call was made.',
    )
    .exactOptional(),
  /** Every problem of an `InvalidOrder`, with its path. */
  problems: z
    .array(
      z.object({
        path: z.string().describe('Where, such as order.orderLines[0].quantity. Empty for the input itself.'),
        problem: z.string().describe('What; the value is never repeated.'),
      }),
    )
    .describe('What is wrong with the input of an InvalidOrder: every problem, up to 50.')
    .exactOptional(),
});

export type FailureDetail = z.infer<typeof failureDetailSchema>;
