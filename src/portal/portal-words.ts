import { stripVTControlCharacters } from 'node:util';
import { errorMessageIn } from '../contract/assumptions.js';

/** What the portal could repeat to us, and must not appear in an error. */
export interface Hidden {
  /** A client secret or token: hidden wherever it stands. */
  readonly secrets: readonly string[];
  /** Values of an order: hidden where they stand as a whole word, so that "DE" does not break up "ORDER". */
  readonly personal: readonly string[];
}

const LONGEST = 300;
/** What is searched for hidden values. Far more than is shown, so that none is cut in half before it is found. */
const SEARCHED = 10_000;
const REDACTED = '[redacted]';

/** The portal's own words in an error's body, safe to show; `undefined` when it has none or is a web page. */
export function portalWords(body: string, hidden: Hidden): string | undefined {
  const words = errorMessageIn(parsed(body));
  if (words === undefined) return undefined;
  const safe = redact(oneLine(words).slice(0, SEARCHED), hidden);
  return safe === '' ? undefined : capped(safe);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body.trimStart().startsWith('<') ? undefined : body;
  }
}

/** Without escape sequences, control, formatting and unpaired characters; every white space is one blank. */
function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .trim();
}

function capped(text: string): string {
  const characters = Array.from(text);
  return characters.length <= LONGEST ? text : `${characters.slice(0, LONGEST - 1).join('')}…`;
}

function redact(text: string, { secrets, personal }: Hidden): string {
  const withoutSecrets = spellings(secrets).reduce((rest, value) => rest.replaceAll(value, REDACTED), text);
  return spellings(personal).reduce(
    (rest, value) => rest.replaceAll(wholeWord(value), REDACTED),
    withoutSecrets,
  );
}

/** As the portal may write the values, the longest first, so that none is found in pieces. */
function spellings(values: readonly string[]): string[] {
  return [...new Set(values.flatMap((value) => [oneLine(value), formEncoded(value)]))]
    .filter((value) => value.length > 1)
    .toSorted((a, b) => b.length - a.length);
}

function formEncoded(value: string): string {
  return new URLSearchParams([['', value]]).toString().slice(1);
}

function wholeWord(value: string): RegExp {
  const literal = value.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
  return new RegExp(String.raw`(?<![\p{L}\p{N}])${literal}(?![\p{L}\p{N}])`, 'giu');
}

/** Fields of an order that say nothing about a customer, and help an operator to find what was refused. */
const SHOWN = new Set(['externalSubscriptionId', 'tradingPartnerId', 'productId', 'quantity']);

/** Every text and number in an order but those of {@link SHOWN}. A loop: an order may be nested deeply. */
export function personalValuesIn(order: object): string[] {
  const values: string[] = [];
  const open: object[] = [order];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const [field, value] of Object.entries(next)) {
      if (SHOWN.has(field)) continue;
      if (typeof value === 'object' && value !== null) open.push(value);
      else if (typeof value === 'string' || typeof value === 'number') values.push(String(value));
    }
  }
  return values;
}
