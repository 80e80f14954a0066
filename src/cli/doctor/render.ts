import type { Look } from '../output.js';
import { oneLine } from '../sanitize.js';
import { beside } from '../text.js';
import type { Finding } from './finding.js';

const WORDS = { good: 'good', warn: 'warn', bad: 'bad', 'not checked': '-' } as const;

/** One line a check, good or bad, with what to do below it; and what it comes to. */
export function findingLines(findings: readonly Finding[], look: Look): string[] {
  const column = Math.max(0, ...findings.map(({ check }) => check.length)) + 2;
  return [...findings.flatMap((finding) => lines(finding, column, look)), '', verdict(findings, look)];
}

function lines({ check, state, message, hint }: Finding, column: number, { style, width }: Look): string[] {
  const paint = { good: style.green, warn: style.yellow, bad: style.red, 'not checked': style.dim }[state];
  const word = WORDS[state].padEnd(4);
  const name = check.padEnd(column);
  const text = state === 'not checked' ? `not checked: ${message}` : message;
  const indent = ' '.repeat(word.length + 4 + name.length);
  return [
    ...beside(`  ${word}  ${name}`, oneLine(text), width, `  ${paint(word)}  ${name}`),
    ...(hint === undefined ? [] : beside(indent, `→ ${oneLine(hint)}`, width)),
  ];
}

function verdict(findings: readonly Finding[], { style }: Look): string {
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length;
  const skipped = count('not checked');
  const rest = skipped === 0 ? '' : `; ${skipped} not checked`;
  if (count('bad') > 0) return style.red(`${count('bad')} bad, ${count('warn')} to look at${rest}`);
  if (count('warn') > 0) return style.yellow(`nothing bad, ${count('warn')} to look at${rest}`);
  return style.green(`all good${rest}`);
}

/** Whether something must be mended. */
export function isUnhealthy(findings: readonly Finding[]): boolean {
  return findings.some(({ state }) => state === 'bad');
}
