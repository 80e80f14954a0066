import { SUMMARY_MEMO } from './names.js';
import { purchaseSummarySchema, type PurchaseSummary } from './purchase.js';

/** A string in a visibility query. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** Whether a run was given no order that it could buy, so that it sent none. */
export function hadNoOrder(memo: Record<string, unknown> | undefined): boolean {
  const type = summaryIn(memo)?.lastError?.type;
  return type === 'InvalidOrder' || type === 'WorkflowIdMismatch';
}

/** The summary a purchase wrote into its memo, if it came to that. */
export function summaryIn(memo: Record<string, unknown> | undefined): PurchaseSummary | undefined {
  return purchaseSummarySchema.safeParse(memo?.[SUMMARY_MEMO]).data;
}
