import { formatDuration } from '../contract/index.js';
import { oneLine } from './sanitize.js';

/** A moment as it is printed: `2026-01-31T12:00:00Z`, whole seconds, UTC. */
export function moment(iso: string): string {
  return oneLine(iso).replace(/\.\d+Z$/, 'Z');
}

/** A moment as seen from now: `in 4s`, `3m 5s ago`, `now`. */
export function relative(iso: string, now: number): string {
  const distance = Date.parse(iso) - now;
  if (Number.isNaN(distance)) return 'at an unknown time';
  if (Math.abs(distance) < 1_000) return 'now';
  return distance > 0 ? `in ${formatDuration(distance)}` : `${formatDuration(-distance)} ago`;
}

/** The same with its largest unit alone, for a narrow column: `3m ago`. */
export function roughly(iso: string, now: number): string {
  return relative(iso, now).replace(/(\d+[a-z]+) \d+[a-z]+/, '$1');
}

/** Both: `in 4s (2026-01-31T12:00:00Z)`. */
export function when(iso: string, now: number): string {
  return `${relative(iso, now)} (${moment(iso)})`;
}

/** A text of others on one line; the full stops of two of its sentences do not add up. */
export function tidy(text: string): string {
  return oneLine(text).replaceAll(/(?<!\.)\.\.(?=\s|$)/g, '.');
}

/**
 * Breaks a line at spaces so that no line is longer than `width`, where its words allow. A command between
 * backticks counts as one word.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.match(/(?:`[^`]*`|[^ ])+/g) ?? []) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** As much of a text as there is room for. */
export function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
}

/** One line of a list of facts; without a value it is left out. */
export type Fact = readonly [label: string, value: string | undefined];

/** Facts one below the other, values aligned and wrapped, made safe for a terminal. */
export function factLines(facts: readonly Fact[], width: number): string[] {
  const known = facts.flatMap(([label, value]) => (value === undefined ? [] : [{ label, value }]));
  const column = Math.max(0, ...known.map(({ label }) => label.length)) + 3;
  return known.flatMap(({ label, value }) => {
    return beside(`  ${label.padEnd(column)}`, oneLine(value), width);
  });
}

/** A text after what stands before it; its further lines are indented as far. `painted` is `before` in colour. */
export function beside(before: string, text: string, width: number, painted = before): string[] {
  const [first = '', ...more] = wrap(text, Math.max(20, width - before.length));
  return [`${painted}${first}`.trimEnd(), ...more.map((line) => `${' '.repeat(before.length)}${line}`)];
}

/** Rows with aligned columns; the last one is not padded. `paint` colours a cell after it was aligned. */
export function table(
  rows: readonly (readonly string[])[],
  paint: (cell: string, row: number, column: number) => string = (cell) => cell,
): string[] {
  const safe = rows.map((row) => row.map(oneLine));
  const widths = safe.reduce<number[]>(
    (known, row) => row.map((cell, column) => Math.max(known[column] ?? 0, cell.length)),
    [],
  );
  return safe.map((row, rowNumber) =>
    row
      .map((cell, column) =>
        paint(column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0), rowNumber, column),
      )
      .join('  ')
      .trimEnd(),
  );
}

/** An argument as a POSIX shell takes it unchanged. */
export function shellQuote(argument: string): string {
  return /^[\w@%+=:,./~-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}
