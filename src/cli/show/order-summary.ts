import { z } from 'zod';

/** What is bought, without anything about the customer. */
export interface OrderSummary {
  readonly lines: readonly { readonly productId: string; readonly quantity: number }[];
}

/** Only what is told of an order: a run may have been given anything. */
const summarySchema = z.object({
  orderLines: z.array(z.object({ productId: z.string(), quantity: z.number() })),
});

/** What is bought by an order; `undefined` when it is none. */
export function summaryOfOrder(order: unknown): OrderSummary | undefined {
  const known = summarySchema.safeParse(order).data;
  return known && { lines: known.orderLines };
}
