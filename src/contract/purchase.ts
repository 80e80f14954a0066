import { z } from 'zod';
import { refuseUnfit } from './limits.js';
import { FAILURE_TYPES, PURCHASE_PHASES } from './names.js';
import { optionsSchema } from './options.js';
import { orderSchema, type Order } from './order.js';

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
const moment = z.iso.datetime();

/** What a purchase ends with once its license is provisioned. */
export const purchaseResultSchema = z.object({
  outcome: z.literal('Provisioned'),
  /** Absent only when no answer of the portal had one. */
  subscriptionNumber: z.string().exactOptional(),
  externalSubscriptionId: z.string(),
  tradingPartnerId: z.string(),
  /** When the portal took the order, or when an order that it had already was found. */
  placedAt: moment,
  provisionedAt: moment,
  /** How many times the portal was asked for the status. */
  polls: z.int(),
});

export type PurchaseResult = z.infer<typeof purchaseResultSchema>;

/** The wish to cancel, and what came of it. */
export const cancellationSchema = z.object({
  requestedAt: moment,
  /** Who wished it: our `cancel` signal, our `cancelPurchase` update, or Temporal's own cancellation. */
  via: z.enum(['signal', 'update', 'temporal']),
  reason: z.string().exactOptional(),
  /** `not-placed`: no order exists. `too-late`: the order stands. Absent while that is not known. */
  effect: z.enum(['not-placed', 'too-late']).exactOptional(),
});

export type Cancellation = z.infer<typeof cancellationSchema>;

const lastErrorSchema = z.object({
  type: z.enum(FAILURE_TYPES),
  message: z.string(),
  at: moment,
});

/** What the `status` query answers. */
export const purchaseStatusSchema = z.object({
  phase: z.enum(PURCHASE_PHASES),
  externalSubscriptionId: z.string(),
  tradingPartnerId: z.string(),
  subscriptionNumber: z.string().exactOptional(),
  /** The portal's own word for where the order stands, as it was given. */
  portalStatus: z.string().exactOptional(),
  polls: z.int(),
  /** When the portal is called next, if a timer runs for that. */
  nextPollAt: moment.exactOptional(),
  /** When the purchase ends as `Overdue`, or, while parked, as `ParkExpired`. */
  deadline: moment.exactOptional(),
  cancellation: cancellationSchema.exactOptional(),
  /** The last thing that went wrong; it stays after it was overcome. */
  lastError: lastErrorSchema.exactOptional(),
  /** What a person must do. Present while the phase is `ActionRequired`, and where it ended badly. */
  actionRequired: z.string().exactOptional(),
  /** What happened, oldest first; the middle of a long story is left out. */
  timeline: z.array(z.object({ at: moment, event: z.string(), detail: z.string().exactOptional() })),
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

/** What the `cancel` signal and the `cancelPurchase` update take. */
export interface CancelRequest {
  /** Why; shown in the status. */
  readonly reason?: string;
}

/** What the `orderPlaced` update takes. */
export interface OrderPlacedRequest {
  /** How long to wait for the order at most, as a duration. Without it: until it exists or never will. */
  readonly within?: string;
  /** The order the caller means; another than the run's is refused with `OrderConflict`. */
  readonly order?: Order;
}

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
  effect: z.enum(['not-placed', 'too-late']),
  phase: z.enum(PURCHASE_PHASES),
  subscriptionNumber: z.string().exactOptional(),
  /** Whom to contact about an order that stands. */
  contact: z.string().exactOptional(),
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
  subscriptionNumber: z.string().exactOptional(),
  phase: z.enum(PURCHASE_PHASES).exactOptional(),
  /** What a person must do. */
  actionRequired: z.string().exactOptional(),
  /** The HTTP status of the portal's answer, if there was one. */
  httpStatus: z.int().exactOptional(),
  /** Whether the portal answered a POST with a refusal that may only mean "exists already". */
  refused: z.boolean().exactOptional(),
  /** How long an order of unknown outcome may still turn up, in milliseconds, where that is not an option's matter. */
  settlingMs: z.number().exactOptional(),
  /** How long the portal asked us to wait, in milliseconds (`Retry-After`). */
  retryAfterMs: z.number().exactOptional(),
  /** Every problem of an `InvalidOrder`, with its path. */
  problems: z.array(z.object({ path: z.string(), problem: z.string() })).exactOptional(),
});

export type FailureDetail = z.infer<typeof failureDetailSchema>;
