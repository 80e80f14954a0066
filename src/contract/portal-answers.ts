import { z } from 'zod';

/** The statuses GitLab's page lists. The portal may say others: they are shown as they are and polled on. */
export const PORTAL_STATUSES = ['Creating', 'Created', 'Failed', 'Provisioned'] as const;

/** The body of a 200 of `GET …/subscriptions/{external_subscription_id}`. */
export const subscriptionAnswerSchema = z.looseObject({
  status: z
    .string()
    .trim()
    .regex(/^\P{Cc}{1,100}$/u),
});
