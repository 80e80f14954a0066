import type { Look } from './output.js';
import type { CallGroup, OrderStory, PortalReport, TokenCalls } from './portal-report.js';
import { oneLine } from './sanitize.js';
import { moment, table } from './text.js';

/** What a simulator was asked, as a story for each order, and in sum. */
export function portalReportLines(report: PortalReport, look: Look): string[] {
  const { purchases, tokens = [] } = report;
  return [
    ...purchases.flatMap((story) => [...storyLines(story, look), '']),
    ...(tokens.length === 0 ? [] : [look.style.bold('Tokens'), ...tokenLines(tokens), '']),
    totalLine(report, look),
  ];
}

function storyLines(story: OrderStory, { style }: Look): string[] {
  const { externalSubscriptionId, firstCallAt } = story;
  const since = firstCallAt === undefined ? '' : style.dim(`  since ${moment(firstCallAt)}`);
  return [
    `${style.bold(oneLine(externalSubscriptionId))}  ${ordersText(story, style.red)}${since}`,
    ...callLines(story.calls, style.yellow),
  ];
}

function ordersText({ orders, isDoubleOrder }: OrderStory, red: (text: string) => string): string {
  if (orders.length === 0) return 'no order';
  const partners = new Set(orders.map(({ tradingPartnerId }) => tradingPartnerId));
  const numbers = orders
    .map(({ subscriptionNumber: number, tradingPartnerId: partner }) =>
      oneLine(partners.size > 1 ? `${number} of ${partner}` : number),
    )
    .join(', ');
  return isDoubleOrder ? red(`DOUBLE ORDER: ${orders.length} orders, ${numbers}`) : `order ${numbers}`;
}

/** `  +0.1 s  POST dropped (drop after) committed` */
function callLines(calls: readonly CallGroup[], yellow: (text: string) => string): string[] {
  const rows = calls.map((group) => [after(group.afterMs), callText(group)]);
  const paint = (cell: string, row: number, column: number): string =>
    column === 1 && calls[row]?.fault !== undefined ? yellow(cell) : cell;
  return table(rows, paint).map(indented);
}

const METHODS: Readonly<Record<string, string>> = { place: 'POST', find: 'GET' };

function callText({ call, status, committed, fault, count, lastAfterMs }: CallGroup): string {
  const parts = [
    METHODS[call] ?? call,
    String(status),
    ...(fault === undefined ? [] : [`(${fault})`]),
    ...(committed === true ? ['committed'] : []),
    ...(count === 1 ? [] : [`×${count}, the last at ${after(lastAfterMs)}`]),
  ];
  return parts.join(' ');
}

/** `+0.1 s` */
function after(milliseconds: number): string {
  return `+${(milliseconds / 1_000).toFixed(1)} s`;
}

function tokenLines(tokens: readonly TokenCalls[]): string[] {
  const rows = tokens.map(({ scope, answers }) => [
    scope ?? 'without a scope',
    Object.entries(answers)
      .map(([status, count]) => `${count} × ${status}`)
      .join(', '),
  ]);
  return table(rows).map(indented);
}

function indented(line: string): string {
  return `  ${line}`;
}

function totalLine({ purchases, totals }: PortalReport, { style }: Look): string {
  const { calls, faults, orders, doubleOrders } = totals;
  const sum = [
    `${counted(calls, 'call')} (${faults} with a fault)`,
    counted(orders, 'order'),
    `${purchases.length} ${purchases.length === 1 ? 'ID' : 'IDs'}`,
  ].join(', ');
  const doubled = doubleOrders === 0 ? 'no double order' : style.red(`DOUBLE ORDERS: ${doubleOrders}`);
  return `${style.bold('In all')}: ${sum}, ${doubled}`;
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
