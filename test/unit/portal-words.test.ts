import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { personalValuesIn, portalWords } from '../../src/portal/portal-words.js';

const nothing = { secrets: [], personal: [] };

describe('portalWords', () => {
  it.each([
    ['{"error_description":"The client is unknown","error":"invalid_client"}', 'The client is unknown'],
    ['down for\n\tmaintenance', 'down for maintenance'],
    ['{"message":"\\u001b[31mred\\u001b[0m \\u0007\\u202Ebell"}', 'red bell'],
    ['', undefined],
    ['{}', undefined],
    ['  <!doctype html><title>502</title>', undefined],
  ])('of %j are %j', (body, words) => {
    expect(portalWords(body, nothing)).toBe(words);
  });

  it('are at most 300 characters on one line, and no character is cut in half', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 250, maxLength: 700 }), (text) => {
        const words = portalWords(JSON.stringify({ message: text }), nothing) ?? '';
        expect(Array.from(words).length).toBeLessThanOrEqual(300);
        expect(words).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      }),
      { examples: [['😀'.repeat(301)], ['x'.repeat(301)]] },
    );
    expect(portalWords('x'.repeat(301), nothing)).toBe(`${'x'.repeat(299)}…`);
  });

  it('hide a secret wherever it stands and however it is written', () => {
    const secret = 'S3cr+t/with spaces&';
    const body = `a${secret}b client_secret=${new URLSearchParams({ secret }).toString().slice(7)}`;
    const words = portalWords(body, { secrets: [secret], personal: [] });
    expect(words).toBe('a[redacted]b client_secret=[redacted]');
  });

  it.each([
    ['encodeURIComponent', "a%2F%2B!*'%20%22%5C%26%C3%A4"],
    ['encodeURIComponent in lower case', "a%2f%2b!*'%20%22%5c%26%c3%a4"],
    ['RFC 3986', 'a%2F%2B%21%2A%27%20%22%5C%26%C3%A4'],
    ['RFC 3986 in lower case', 'a%2f%2b%21%2a%27%20%22%5c%26%c3%a4'],
    ['a form', 'a%2F%2B%21*%27+%22%5C%26%C3%A4'],
    ['a form in lower case', 'a%2f%2b%21*%27+%22%5c%26%c3%a4'],
    ['a form with %20', 'a%2F%2B%21*%27%20%22%5C%26%C3%A4'],
    ['JSON', String.raw`a/+!*' \"\\&ä`],
    ['JSON with escaped slashes', String.raw`a\/+!*' \"\\&ä`],
    ['JSON for HTML', String.raw`a/+!*' \"\\\u0026ä`],
    ['JSON in ASCII', String.raw`a/+!*' \"\\&\u00e4`],
  ])('hide a secret in the spelling of %s', (_name, spelled) => {
    const words = portalWords(`text: <${spelled}>`, { secrets: [`a/+!*' "\\&ä`], personal: [] });
    expect(words).toBe('text: <[redacted]>');
  });

  it('hide secrets with unpaired surrogates in them', () => {
    expect(portalWords('not a+b', { secrets: ['\uD800', 'a+b'], personal: [] })).toBe('not [redacted]');
  });

  it('hide a secret that is longer than what is searched for personal data', () => {
    const secret = 'abc'.repeat(4_000);
    expect(portalWords(`not ${secret}!`, { secrets: [secret], personal: [] })).toBe('not [redacted]!');
  });

  it('hide a secret that stands where the words are capped', () => {
    const body = `${'x'.repeat(290)} 0123456789abcdef0123456789abcdef`;
    const words = portalWords(body, { secrets: ['0123456789abcdef0123456789abcdef'], personal: [] });
    expect(words).not.toContain('0123');
  });

  it('hide a value whole that begins like another', () => {
    expect(portalWords('not abcdefgh', { secrets: ['abcd', 'abcdefgh'], personal: [] })).toBe(
      'not [redacted]',
    );
    expect(portalWords('not Ada B', { secrets: [], personal: ['Ada', 'Ada B'] })).toBe('not [redacted]');
  });

  it('hide what was ordered, as whole words only', () => {
    const order = {
      externalSubscriptionId: 'EXT-1',
      customer: {
        companyName: 'Example (EU) GmbH',
        contact: { email: 'ada@example.com' },
        address: { country: 'DE' },
      },
      orderLines: [{ productId: 'P-1', quantity: 3, note: 'for Ada' }],
    };
    const body = 'ORDER EXT-1: EXAMPLE (EU) GMBH <ada@example.com> in de may not have 3 of P-1 "for Ada"';
    expect(portalWords(body, { secrets: [], personal: personalValuesIn(order) })).toBe(
      'ORDER EXT-1: [redacted] <[redacted]> in [redacted] may not have 3 of P-1 "[redacted]"',
    );
  });
});

describe('portalWords, when a customer may be anyone,', () => {
  const unknown = { secrets: ['the_token'], personal: 'unknown' } as const;

  it.each([
    [{ error: 'not_permitted', error_description: 'No mail to ada@example.com' }, 'not_permitted'],
    [{ error: 'a'.repeat(40) }, 'a'.repeat(40)],
    [{ error: 'a'.repeat(41) }, undefined],
    [{ error: 'Ada Lovelace' }, undefined],
    [{ error: 'ada@example.com' }, undefined],
    [{ error: 'line\n' }, undefined],
    [{ error: '' }, undefined],
    [{ error: { message: 'nested' } }, undefined],
    [{ error: 'the_token' }, undefined],
    [{ error: 'has_the_token_in_it' }, undefined],
    [{ message: 'not_an_error' }, undefined],
    [['error'], undefined],
    [null, undefined],
    ['a_text', undefined],
  ])('of %j are %j', (body, words) => {
    expect(portalWords(JSON.stringify(body), unknown)).toBe(words);
  });

  it('of a text are none', () => {
    expect(portalWords('a_text', unknown)).toBeUndefined();
  });
});

describe('portalWords and the size of an order', () => {
  const LEFT_OUT = '(its words are left out: they could not be searched for personal data)';
  const wordsOf = (body: string, personal: readonly string[]): string | undefined =>
    portalWords(body, { secrets: [], personal });

  it('shows no words rather than search them for very many values', () => {
    const values = Array.from({ length: 60_000 }, (_, index) => `value ${index}`);
    expect(wordsOf('value 7 is wrong', values)).toBe(LEFT_OUT);
    expect(wordsOf('value 7 is wrong', values.slice(0, 1_001))).toBe(LEFT_OUT);
    expect(wordsOf('value 7 is wrong', values.slice(0, 1_000))).toBe('[redacted] is wrong');
    expect(wordsOf('DE is wrong', values.fill('DE'))).toBe('[redacted] is wrong');
  });

  it('takes no notice of a value that is longer than the words', () => {
    const long = `${'(x) '.repeat(10_000)}ada`;
    expect(wordsOf('not (x) ada', [long, 'ada'])).toBe('not (x) [redacted]');
  });

  it('finds a long value', () => {
    const long = '(x) '.repeat(900).trim();
    expect(wordsOf(`not ${long}!`, [long])).toBe('not [redacted]!');
  });

  it('shows no part of a value where words are cut', () => {
    const long = 'long '.repeat(790).trim();
    const words = `not ${long} as it is for Ada King Lovelace of ${'x'.repeat(10_000)}`;
    for (let shift = 0; shift < 60; shift++) {
      const shown = wordsOf(`${'-'.repeat(shift)}${words}`, [long, 'Ada King Lovelace']);
      expect(shown).not.toMatch(/long|Ada|King/);
    }
    expect(wordsOf(words, ['Ada King Lovelace', 'y '.repeat(10_000)])).toBe(LEFT_OUT);
    expect(wordsOf(words, [long, 'Ada'])).not.toContain('long');
  });

  it.each([
    ['a ', 1_000, LEFT_OUT],
    ['a ', 300, '[redacted]'],
    ['a', 400, `${'a'.repeat(299)}…`],
  ])(
    'searches a line of %j for the most values without going on for ever (%#)',
    { timeout: 30_000 },
    (piece, most, shown) => {
      const values = Array.from({ length: most }, (_, index) => piece.repeat(index + 2).trim());
      expect(wordsOf(piece.repeat(20_000).trim(), values)).toBe(shown);
    },
  );

  it('shows no words when the search fails', () => {
    const broken: readonly string[] = new Proxy([], {
      get() {
        throw new RangeError('too large');
      },
    });
    expect(portalWords('words', { secrets: [], personal: broken })).toBe(LEFT_OUT);
  });
});

describe('portalWords and upper and lower case', () => {
  it.each([
    ['Straße', 'STRAẞE'],
    ['ΟΔΟΣ', 'οδος'],
    ['A. ΣΑΣ', 'A. ΣΑΣ.gr'],
    ['Kelvin', '\u212Aelvin'],
    ['İstanbul', 'İSTANBUL'],
    ['𐐀𐐁', '𐐨𐐩'],
  ])('hide %j in %j', (value, echoed) => {
    expect(portalWords(`not ${echoed}`, { secrets: [], personal: [value] })).toMatch(/^not \[redacted\]/);
  });

  it('hide a value that begins or ends with a sign, next to a letter', () => {
    expect(portalWords('tel+49 30x (EU)GmbH', { secrets: [], personal: ['+49 30', '(EU)'] })).toBe(
      'tel+49 30x [redacted]GmbH',
    );
    expect(portalWords('tel+49 30', { secrets: [], personal: ['+49 30'] })).toBe('tel[redacted]');
  });

  it('hide values that overlap', () => {
    expect(portalWords('Ada King Lovelace', { secrets: [], personal: ['Ada King', 'King Lovelace'] })).toBe(
      '[redacted]',
    );
  });
});

describe('personalValuesIn', () => {
  it('finds values at any depth', () => {
    const depth = 20_000;
    let order: object = { email: 'ada@example.com' };
    for (let level = 0; level < depth; level++) order = { order };
    expect(personalValuesIn(order)).toEqual(['ada@example.com']);
  });
});
