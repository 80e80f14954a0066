import type { PurchaseCounts } from '../client/index.js';
import { PURCHASE_PHASES } from '../contract/index.js';
import type { Look } from './output.js';
import { PROGRAM } from './program-name.js';
import { paintPhase } from './style.js';
import { table } from './text.js';

/** How many purchases there are, one phase a line, and what to look at next. */
export function countLines({ phases, notBegun, stopped, total }: PurchaseCounts, { style }: Look): string[] {
  const rows = [
    ...PURCHASE_PHASES.map((phase) => ({
      name: phase,
      count: phases[phase],
      paint: paintPhase(style, phase),
    })),
    { name: 'not begun: no worker has seen them', count: notBegun, paint: style.yellow },
    { name: 'stopped from outside', count: stopped, paint: style.red },
  ].filter(({ count }) => count > 0);
  if (rows.length === 0) return ['No purchases match.'];
  const width = Math.max(...rows.map(({ count }) => String(count).length), String(total).length);
  return [
    ...table(
      rows.map(({ name, count }) => [String(count).padStart(width), name]),
      (cell, row, column) => (column === 1 ? (rows[row]?.paint(cell) ?? cell) : cell),
    ),
    style.bold(`${String(total).padStart(width)}  in all`),
    ...(phases.ActionRequired === 0
      ? []
      : ['', `Parked: ${PROGRAM} list --phase ActionRequired --status running`]),
  ];
}
