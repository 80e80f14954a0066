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
    const body = `a${secret}b ${encodeURIComponent(secret)} client_secret=${new URLSearchParams({ secret }).toString().slice(7)}`;
    const words = portalWords(body, { secrets: [secret], personal: [] });
    expect(words).toBe(`a[redacted]b ${encodeURIComponent(secret)} client_secret=[redacted]`);
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

describe('personalValuesIn', () => {
  it('finds values at any depth', () => {
    const depth = 20_000;
    let order: object = { email: 'ada@example.com' };
    for (let level = 0; level < depth; level++) order = { order };
    expect(personalValuesIn(order)).toEqual(['ada@example.com']);
  });
});
