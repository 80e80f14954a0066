import { oneLine, spellings } from './spellings.js';

/** Stands for what is hidden, unit by unit, until {@link unmask}. For private use, so `oneLine` leaves none in a text. */
const MASK = '\uE000';

/** The longest text that is searched for personal values, and so the longest value that is searched for. */
const SEARCHED = 4_000;

/** Far more than an order has that a person wrote; up to these the search takes some milliseconds. */
const MOST_VALUES = 1_000;
const MOST_CHARACTERS = 100_000;

/** Masks secrets wherever they stand in a line, which may be of any length. */
export function maskSecrets(line: string, secrets: readonly string[]): string {
  return spellings(secrets).reduce((rest, secret) => rest.replaceAll(secret, MASK), line);
}

/**
 * Masks personal values in a line, in upper and lower case, where they stand as whole words. It gives the
 * beginning of a long line; `undefined` when there is too much to search.
 */
export function maskPersonal(line: string, personal: readonly string[]): string | undefined {
  const distinct = [...new Set(personal)];
  if (distinct.length > MOST_VALUES) return undefined;
  const text = line.slice(0, SEARCHED);
  const isCut = text.length < line.length;
  const short = distinct.filter((value) => oneLine(value).length <= text.length);
  // What is longer than the line is not in it; but it may begin in what is left of a line that was cut.
  if (isCut && short.length < distinct.length) return undefined;
  if (short.join('').length > MOST_CHARACTERS) return undefined;
  const values = spellings(short);
  const masked = maskWords(text, values);
  if (!isCut) return masked;
  // The cut may go through a value, which then is not found: what stands so near to it is not shown.
  const safe = SEARCHED - (values[0]?.length ?? 0);
  return safe > 0 ? masked.slice(0, safe) : undefined;
}

/** The line with a note in the place of whatever was masked. */
export function unmask(line: string): string {
  return line.replaceAll(/\uE000+/g, '[redacted]');
}

/** By `indexOf` and not by regular expressions: those take too long, and throw when a value is too large for one. */
function maskWords(text: string, values: readonly string[]): string {
  const folded = foldCase(text);
  const units = text.split('');
  for (const value of values) {
    for (const start of wordStarts(text, folded, foldCase(value))) {
      units.fill(MASK, start, start + value.length);
    }
  }
  return units.join('');
}

/** Where `value` stands as a whole word, so that "DE" does not break up "ORDER". */
function* wordStarts(text: string, folded: string, value: string): Generator<number> {
  for (let start = folded.indexOf(value); start !== -1; start = folded.indexOf(value, start + 1)) {
    if (!isInsideWord(text, start) && !isInsideWord(text, start + value.length)) yield start;
  }
}

/** Whether a letter or number stands on both sides of an index. Two units, as a character may take both. */
function isInsideWord(text: string, index: number): boolean {
  return (
    /[\p{L}\p{N}]$/u.test(text.slice(Math.max(0, index - 2), index)) &&
    /^[\p{L}\p{N}]/u.test(text.slice(index, index + 2))
  );
}

/** The same text for every case, and of the same length, so that an index in one is an index in the other. */
function foldCase(text: string): string {
  const folded = upperCase(text);
  // No character becomes shorter, so here none became longer either: the quick way is the right one.
  return folded.length === text.length ? folded : Array.from(text, foldCharacter).join('');
}

function foldCharacter(character: string): string {
  const folds = [upperCase(character), character.toLowerCase()];
  return folds.find((folded) => folded.length === character.length) ?? character;
}

/** By way of lower case: only so do "ς" and "Σ", or "k" and the Kelvin sign, become the same. */
function upperCase(text: string): string {
  return text.toLowerCase().toUpperCase();
}
