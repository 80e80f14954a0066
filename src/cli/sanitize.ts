import { stripVTControlCharacters } from 'node:util';
import { escapeUnseen } from '../observability/escape-unseen.js';

/** Longer texts of others are cut: one of them must not fill the screen. In characters. */
const LONGEST = 2_000;

/** C0 and C1 controls, line separators, and what turns the direction of writing. */
const UNSEEN = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

/**
 * Text that others wrote (the portal, or anyone who may send a signal), fit for a terminal: one line,
 * without escape sequences or control characters.
 */
export function oneLine(text: string): string {
  const line = stripVTControlCharacters(text).replaceAll(UNSEEN, ' ').replaceAll(/\s+/gu, ' ').trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

/** The same for a text of ours that may have several lines. */
export function safeLines(text: string): string {
  return text
    .split('\n')
    .map((line) => `${/^ */.exec(line)?.[0] ?? ''}${oneLine(line)}`)
    .join('\n');
}

/** JSON that does nothing to a terminal either, with the same meaning. */
export function safeJson(value: unknown, indent?: number): string {
  return escapeUnseen(JSON.stringify(value, undefined, indent));
}
