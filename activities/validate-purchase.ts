import { describeProblems, problemsOf, purchaseInputSchema, resolveOptions } from '../src/contract/index.js';
import type { PurchaseActivities } from './api.js';
import { failure } from './failures.js';

/** A failure lists at most so many problems; the first ones tell what is wrong. */
const MOST_PROBLEMS = 50;

export const validatePurchase: PurchaseActivities['validatePurchase'] = async (input) => {
  const purchase = purchaseInputSchema.safeParse(input);
  if (purchase.success) return resolveOptions(purchase.data.options);
  const problems = problemsOf(purchase.error).slice(0, MOST_PROBLEMS);
  throw failure('InvalidOrder', describeProblems(problems), { detail: { problems } });
};
