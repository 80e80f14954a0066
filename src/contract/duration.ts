/** Durations as Temporal writes them: `"500ms"`, `"5s"`, `"15m"`, `"1h30m"`, `"30d"`. Imports nothing. */

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** How a duration is written. */
export const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/;
/** In characters. */
export const LONGEST_DURATION = 50;
const PART = /(\d+(?:\.\d+)?)(ms|[smhd])/g;

/** The duration in whole milliseconds, or `undefined` when the text is not a duration. */
export function parseDuration(text: unknown): number | undefined {
  if (typeof text !== 'string' || text.length > LONGEST_DURATION || !DURATION.test(text)) return undefined;
  const parts = [...text.matchAll(PART)];
  return Math.round(
    parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0),
  );
}

/** A number of milliseconds as a person reads it: `"0s"`, `"45s"`, `"2h 5m"`, `"29d 23h"`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds > 0 && milliseconds < 1_000) return `${Math.round(milliseconds)}ms`;
  const seconds = Math.round(milliseconds / 1_000);
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ');
}
