import type { PurchaseListing } from '../client/index.js';
import type { Look } from './output.js';
import { paintStanding, standing } from './standing.js';
import { relative, table } from './text.js';

interface Column {
  readonly head: string;
  /** Absent where an item has no such thing; a column that nobody fills is left out. */
  readonly cell: (item: PurchaseListing, now: number) => string | undefined;
  readonly paint?: (item: PurchaseListing, look: Look) => (text: string) => string;
}

const COLUMNS: readonly Column[] = [
  { head: 'ID', cell: (item) => item.externalSubscriptionId },
  { head: 'PHASE', cell: standing, paint: (item, { style }) => paintStanding(style, item) },
  { head: 'SUBSCRIPTION', cell: (item) => item.subscriptionNumber },
  { head: 'PARTNER', cell: (item) => item.tradingPartnerId },
  { head: 'STARTED', cell: (item, now) => relative(item.startedAt, now) },
  { head: 'REASON', cell: (item) => item.reason },
];

/** Purchases as a table, one a line. */
export function listLines(items: readonly PurchaseListing[], limit: number, look: Look): string[] {
  if (items.length === 0) return ['No purchases match.'];
  const columns = COLUMNS.filter(({ cell }) => items.some((item) => cell(item, look.now) !== undefined));
  const head = columns.map((column) => column.head);
  const rows = items.map((item) => columns.map(({ cell }) => cell(item, look.now) ?? '-'));
  const lines = table([head, ...rows], (cell, row, column) => {
    const item = items[row - 1];
    if (item === undefined) return look.style.bold(cell);
    return columns[column]?.paint?.(item, look)(cell) ?? cell;
  });
  const more = look.style.dim(`The newest ${limit}; there may be more: --limit`);
  return items.length < limit ? lines : [...lines, more];
}
