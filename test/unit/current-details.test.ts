import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PurchaseStatus } from '../../src/contract/index.js';
import { describeState } from '../../workflows/current-details.js';

const AT = '2026-01-01T00:00:00.000Z';

function aStatus(changes: Partial<PurchaseStatus> = {}): PurchaseStatus {
  return {
    phase: 'Placing',
    externalSubscriptionId: 'EXT-1001',
    tradingPartnerId: '0012300000AbCdE',
    polls: 0,
    timeline: [],
    ...changes,
  };
}

/** Everything the portal may put its words into. */
function withWords(text: string): PurchaseStatus {
  return aStatus({
    phase: 'Provisioning',
    subscriptionNumber: text,
    portalStatus: text,
    nextPollAt: AT,
    lastError: { type: 'UnexpectedResponse', message: text, at: AT },
  });
}

/** The Markdown without its code spans, none of which goes beyond its line. A line ends as CommonMark says. */
function skeleton(markdown: string): string[] {
  return markdown.split(/\r\n|\n|\r/).map((line) => line.replaceAll(/`[^`]*`/g, '<code>'));
}

const TITLE = 'GitLab subscription `EXT-1001` of trading partner `0012300000AbCdE`: ';

describe('where a purchase stands, as Markdown', () => {
  it('is what it is and its phase, to begin with', () => {
    expect(describeState(aStatus())).toBe(`${TITLE}**Placing**`);
  });

  it('is all that a person wants to know', () => {
    const status = aStatus({
      phase: 'ActionRequired',
      subscriptionNumber: 'A-S0001',
      portalStatus: 'Creating',
      nextPollAt: '2026-01-02T00:00:00.000Z',
      deadline: '2026-01-03T00:00:00.000Z',
      cancellation: { requestedAt: AT, via: 'signal', reason: 'changed our minds' },
      lastError: { type: 'NotPermitted', message: 'POST subscriptions: the portal answered 403', at: AT },
      actionRequired: 'Contact GitLab.',
    });
    expect(describeState(status)).toBe(
      [
        `${TITLE}**ActionRequired**`,
        'Subscription number: `A-S0001`',
        'The portal says: `Creating`',
        'Next call to the portal: 2026-01-02T00:00:00.000Z',
        'Deadline: 2026-01-03T00:00:00.000Z',
        'Cancellation asked for via signal',
        '**What to do:** Contact GitLab.',
        'Last error: NotPermitted: `POST subscriptions: the portal answered 403`',
      ].join('\n\n'),
    );
  });

  const harmless = skeleton(describeState(withWords('x')));

  it.each([
    '`',
    '``',
    '`[click](https://evil.example)`',
    '```\ncode\n```',
    '\\`# heading',
    'one\n\n# A heading of mine',
    'one\n# A heading of mine',
    'one\r\r- a list',
    'one\r\n\r\n<img src=x onerror=alert(1)>',
    'one\n---\ntwo',
    'one\n\n[click](https://evil.example)',
    '\n',
  ])('cannot be broken out of by %j', (text) => {
    expect(skeleton(describeState(withWords(text)))).toEqual(harmless);
  });

  it('cannot be broken out of by any words of the portal', () => {
    const unit = fc.constantFrom('`', '\n', '\r', '#', '*', '\\', '<', '[', ' ', 'a');
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit }), fc.string({ unit: 'binary' })), (text) => {
        expect(skeleton(describeState(withWords(text)))).toEqual(harmless);
      }),
    );
  });

  it('shows the words as they are where they are harmless', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[^`\p{C}\p{Z}]+( [^`\p{C}\p{Z}]+)*$/u), (text) => {
        expect(describeState(withWords(text))).toContain(`The portal says: \`${text}\``);
      }),
    );
  });
});
