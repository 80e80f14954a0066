import { z } from 'zod';

/**
 * All that GitLab's page about the Marketplace API leaves open, in one place. A partner who holds the
 * API's OpenAPI document checks these against it and changes this file only.
 */

/** **Assumed**: "Must include company name" names the field like its documented neighbours, in camel case. */
export const CUSTOMER_FIELDS = { companyName: 'companyName' } as const;

/**
 * **Assumed**: the token body is RFC 6749 §5.1. `expires_in` is only recommended there; without it a token
 * is taken to live for {@link ASSUMED_TOKEN_LIFETIME_SECONDS}, and a 401 renews it in any case.
 */
export const tokenAnswerSchema = z.object({
  access_token: z
    .string()
    .min(1)
    // RFC 6750 §2.1: what may stand behind "Bearer ".
    .regex(/^[A-Za-z0-9\-._~+/]+=*$/),
  token_type: z
    .string()
    .regex(/^bearer$/i)
    .optional(),
  expires_in: z.number().positive().optional(),
});

export const ASSUMED_TOKEN_LIFETIME_SECONDS = 300;

/**
 * **Assumed**: where the new subscription number stands. The page says "the newly created subscription
 * number" in its text and "order ID" in its diagram, so all of these are looked at, in this order.
 */
const SUBSCRIPTION_NUMBER_FIELDS = [
  'subscriptionNumber',
  'subscription_number',
  'subscriptionId',
  'subscription_id',
  'orderId',
  'order_id',
  'orderNumber',
  'order_number',
] as const;

const body = z.record(z.string(), z.unknown());
const subscriptionNumber = z.union([
  z
    .string()
    .trim()
    .regex(/^\P{Cc}{1,200}$/u),
  z.int().transform(String),
]);

/** **Assumed**: the number stands at the top, or in one of these envelopes. */
const ENVELOPES = ['subscription', 'order', 'data'] as const;

/** The subscription number in a portal's answer, if it has one, at most `depth` envelopes deep. */
export function subscriptionNumberIn(answer: unknown, depth = 2): string | undefined {
  const fields = body.safeParse(answer);
  if (!fields.success) return undefined;
  for (const field of SUBSCRIPTION_NUMBER_FIELDS) {
    const number = subscriptionNumber.safeParse(fields.data[field]);
    if (number.success) return number.data;
  }
  if (depth === 0) return undefined;
  for (const envelope of ENVELOPES) {
    const number = subscriptionNumberIn(fields.data[envelope], depth - 1);
    if (number !== undefined) return number;
  }
  return undefined;
}

/** **Assumed**: where the portal's own words about an error stand; several are joined. */
const MESSAGE_FIELDS = ['error_description', 'message', 'error', 'errors'] as const;

/** How deep an error's body is searched: a portal's answer is not ours, and may be nested without end. */
const MESSAGE_DEPTH = 4;

/** The portal's own words in an error's body: JSON of several shapes, or text. `undefined` if there are none. */
export function errorMessageIn(answer: unknown, depth = MESSAGE_DEPTH): string | undefined {
  if (typeof answer === 'string') return answer.trim() || undefined;
  if (depth === 0) return undefined;
  if (Array.isArray(answer)) {
    return joined(answer.map((problem) => errorMessageIn(problem, depth - 1)));
  }
  const fields = body.safeParse(answer);
  if (!fields.success) return undefined;
  for (const field of MESSAGE_FIELDS) {
    const message = errorMessageIn(fields.data[field], depth - 1);
    if (message !== undefined) return message;
  }
  return joined(
    Object.entries(fields.data).map(([field, problem]) => {
      const message = errorMessageIn(problem, depth - 1);
      return message === undefined ? undefined : `${field}: ${message}`;
    }),
  );
}

function joined(messages: readonly (string | undefined)[]): string | undefined {
  return messages.filter((message) => message !== undefined).join('; ') || undefined;
}

/** **Assumed**: statuses with which the portal may answer a second POST of an order that it has already. */
export const MAY_MEAN_EXISTS: ReadonlySet<number> = new Set([409, 422]);

/** **Assumed**: the status for a trading partner that is not on GitLab's permitted list. */
export const NOT_PERMITTED_STATUS = 403;

/**
 * **Assumed**: how long after a lost answer an order may still turn up at the portal (a 404 may be lag).
 * The default of `options.settling.window`.
 */
export const SETTLING_WINDOW = '15m';
