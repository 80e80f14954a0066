import type { PurchaseListing } from '../client/index.js';
import type { Look } from './output.js';
import { oneLine } from './sanitize.js';
import { paintStanding, standing } from './standing.js';
import { roughly, table } from './text.js';

interface Column {
  readonly head: string;
  /** Absent where an item has no such thing; a column that nobody fills is left out. */
  readonly cell: (item: PurchaseListing, now: number) => string | undefined;
  readonly paint?: (item: PurchaseListing, look: Look) => (text: string) => string;
}

const PARTNER: Column = { head: 'PARTNER', cell: (item) => item.tradingPartnerId };

const COLUMNS: readonly Column[] = [
  { head: 'ID', cell: (item) => item.externalSubscriptionId },
  { head: 'PHASE', cell: standing, paint: (item, { style }) => paintStanding(style, item) },
  { head: 'SUBSCRIPTION', cell: (item) => item.subscriptionNumber },
  PARTNER,
  { head: 'STARTED', cell: (item, now) => roughly(item.startedAt, now) },
  { head: 'AS OF', cell: (item, now) => roughly(item.asOf, now) },
  { head: 'REASON', cell: (item) => item.reason },
];

/** Purchases as a table, one a line. */
export function listLines(items: readonly PurchaseListing[], limit: number, look: Look): string[] {
  const [first] = items;
  if (first === undefined) return ['No purchases match.'];
  const filled = COLUMNS.filter(({ cell }) => items.some((item) => cell(item, look.now) !== undefined));
  const isOnePartner = items.every(({ tradingPartnerId }) => tradingPartnerId === first.tradingPartnerId);
  const isNarrow = isOnePartner && widest(plainTable(items, filled, look)) > look.width;
  const columns = isNarrow ? filled.filter((column) => column !== PARTNER) : filled;
  return [
    ...paintedTable(items, columns, look),
    ...(isNarrow ? [look.style.dim(`All of trading partner ${oneLine(first.tradingPartnerId)}`)] : []),
    ...(items.length < limit ? [] : [look.style.dim(`The first ${limit}; there may be more: --limit`)]),
  ];
}

function widest(lines: readonly string[]): number {
  return Math.max(...lines.map((line) => line.length));
}

function plainTable(items: readonly PurchaseListing[], columns: readonly Column[], look: Look): string[] {
  return table(rowsOf(items, columns, look));
}

function paintedTable(items: readonly PurchaseListing[], columns: readonly Column[], look: Look): string[] {
  return table(rowsOf(items, columns, look), (cell, row, column) => {
    const item = items[row - 1];
    if (item === undefined) return look.style.bold(cell);
    return columns[column]?.paint?.(item, look)(cell) ?? cell;
  });
}

function rowsOf(items: readonly PurchaseListing[], columns: readonly Column[], { now }: Look): string[][] {
  const head = columns.map((column) => column.head);
  return [head, ...items.map((item) => columns.map(({ cell }) => cell(item, now) ?? '-'))];
}
