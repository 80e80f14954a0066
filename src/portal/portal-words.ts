import { errorMessageIn } from '../contract/assumptions.js';
import { maskPersonal, maskSecrets, unmask } from './redact.js';
import { oneLine } from './spellings.js';

/** What the portal could repeat to us, and must not appear in an error. */
export interface Hidden {
  /** A client secret or token: hidden wherever it stands. */
  readonly secrets: readonly string[];
  /**
   * Values of an order: hidden where they stand as a whole word. `unknown` when the answer may be about a
   * customer whose data we do not have: then only a bare error code is shown.
   */
  readonly personal: readonly string[] | 'unknown';
}

const LONGEST = 300;

/** Stands for words that cannot be made safe to show. */
const LEFT_OUT = '(its words are left out: they could not be searched for personal data)';

/**
 * The portal's own words in an error's body, safe to show; `undefined` when it has none or is a web page.
 * It never throws: what an answer means depends on its status, whatever became of its words.
 */
export function portalWords(body: string, { secrets, personal }: Hidden): string | undefined {
  try {
    const answer = parsed(body);
    return personal === 'unknown' ? safeCode(answer, secrets) : safeWords(answer, secrets, personal);
  } catch {
    return LEFT_OUT;
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body.trimStart().startsWith('<') ? undefined : body;
  }
}

/** The `error` of a JSON object if it is a code, such as `invalid_scope`, and no secret. */
function safeCode(answer: unknown, secrets: readonly string[]): string | undefined {
  if (typeof answer !== 'object' || answer === null || !('error' in answer)) return undefined;
  const code = answer.error;
  if (typeof code !== 'string' || !/^[a-z_]{1,40}$/.test(code)) return undefined;
  return maskSecrets(code, secrets) === code ? code : undefined;
}

function safeWords(
  answer: unknown,
  secrets: readonly string[],
  personal: readonly string[],
): string | undefined {
  const words = oneLine(errorMessageIn(answer) ?? '');
  if (words === '') return undefined;
  // Secrets first, in the whole line: one that is cut could end with a part of a secret.
  const masked = maskPersonal(maskSecrets(words, secrets), personal);
  return masked === undefined ? LEFT_OUT : capped(oneLine(unmask(masked)));
}

function capped(text: string): string {
  const characters = Array.from(text);
  return characters.length <= LONGEST ? text : `${characters.slice(0, LONGEST - 1).join('')}…`;
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
