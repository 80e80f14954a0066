import { z } from 'zod';

/** The simulator's own reading of GitLab's table of required parameters; on purpose not the client's. */
const filled = z
  .string({ error: 'must be a string' })
  .refine((value) => value.trim() !== '', "can't be blank");
const email = z.string({ error: 'must be a string' }).regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address');
const quantity = z.int({ error: 'must be a whole number' }).min(1, 'must be at least 1');
const MISSING = { error: 'must be an object' };

const requiredFields = z.object(
  {
    externalSubscriptionId: filled,
    tradingPartnerId: filled,
    customer: z.object(
      {
        companyName: filled,
        contact: z.object({ firstName: filled, lastName: filled, email }, MISSING),
        address: z.object({ country: filled }, MISSING),
      },
      MISSING,
    ),
    orderLines: z
      .array(z.object({ productId: filled, quantity }, MISSING), { error: 'must be an array' })
      .min(1, "can't be empty"),
  },
  MISSING,
);

/** The fields of an order that the simulator itself looks at. */
export type RequiredFields = z.infer<typeof requiredFields>;

/** The required fields of a body, or every message about what is wrong with it. Messages hold no values. */
export function checkOrder(body: unknown): { order: RequiredFields } | { errors: string[] } {
  const checked = requiredFields.safeParse(body);
  if (checked.success) return { order: checked.data };
  return {
    errors: checked.error.issues.map(({ path, message }) => `${path.join('.') || 'order'} ${message}`),
  };
}
