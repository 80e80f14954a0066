import { SUMMARY_MEMO } from './names.js';
import { purchaseSummarySchema, type PurchaseSummary } from './purchase.js';

/** A string in a visibility query. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** The summary a purchase wrote into its memo, if it came to that. */
export function summaryIn(memo: Record<string, unknown> | undefined): PurchaseSummary | undefined {
  return purchaseSummarySchema.safeParse(memo?.[SUMMARY_MEMO]).data;
}
