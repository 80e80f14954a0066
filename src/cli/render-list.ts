import type { PurchaseListing } from '../client/index.js';
import type { Look } from './output.js';
import { paintPhase } from './style.js';
import { moment, relative, table } from './text.js';

const HEAD = ['ID', 'PHASE', 'SUBSCRIPTION', 'PARTNER', 'RUN', 'STARTED'];
const PHASE_COLUMN = HEAD.indexOf('PHASE');

/** Purchases as a table, one a line. */
export function listLines(items: readonly PurchaseListing[], limit: number, look: Look): string[] {
  if (items.length === 0) return ['No purchases match.'];
  const rows = items.map((item) => [
    item.externalSubscriptionId,
    item.phase ?? 'not begun',
    item.subscriptionNumber ?? '-',
    item.tradingPartnerId,
    item.runStatus.toLowerCase().replaceAll('_', ' '),
    `${moment(item.startedAt)} (${relative(item.startedAt, look.now)})`,
  ]);
  const lines = table([HEAD, ...rows], (cell, row, column) => {
    if (row === 0) return look.style.bold(cell);
    return column === PHASE_COLUMN ? paintPhase(look.style, items[row - 1]?.phase)(cell) : cell;
  });
  const more = look.style.dim(`The newest ${limit}; there may be more: --limit`);
  return items.length < limit ? lines : [...lines, more];
}
