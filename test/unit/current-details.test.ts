import { execFileSync } from 'node:child_process';
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

const ORDER = 'Order `EXT-1001` of trading partner `0012300000AbCdE`';
const ADDRESS = { namespace: 'default', workflowId: 'purchase:0012300000AbCdE:EXT-1001' };

describe('where a purchase stands, as Markdown', () => {
  it('is what it does, to begin with, and that nobody has to do anything', () => {
    expect(describeState(aStatus(), ADDRESS)).toBe(
      [
        '**Placing**: the order is being placed',
        '**What to do:** nothing, it goes on by itself.',
        ORDER,
      ].join('\n\n'),
    );
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
    expect(describeState(status, ADDRESS)).toBe(
      [
        '**ActionRequired**: parked, a person must act',
        `**Why:** NotPermitted: \`POST subscriptions: the portal answered 403\` (${AT})`,
        '**What to do:** Contact GitLab.',
        '**Once it is mended:** on this page, *More Actions* → *Send a Signal* → `retry` → *Submit*; or ' +
          '`temporal workflow signal --namespace default --workflow-id purchase:0012300000AbCdE:EXT-1001 --name retry`',
        ORDER,
        'Subscription number: `A-S0001`',
        'The portal says: `Creating`',
        'Next call to the portal: 2026-01-02T00:00:00.000Z',
        'Fails if nobody acts by: 2026-01-03T00:00:00.000Z',
        'Cancellation asked for via signal: whether an order exists is not known yet',
      ].join('\n\n'),
    );
  });

  it('names the signal that ends a wait for the portal, and a deadline', () => {
    const text = describeState(aStatus({ phase: 'Provisioning', nextPollAt: AT, deadline: AT }), ADDRESS);
    expect(text).toContain('**To ask the portal now:**');
    expect(text).toContain('--name poll`');
    expect(text).toContain(`Deadline: ${AT}`);
  });

  it('tells an error that was overcome from one that a person must mend', () => {
    const lastError = { type: 'PortalUnavailable', message: 'no answer', at: AT } as const;
    const text = describeState(aStatus({ lastError }), ADDRESS);
    expect(text).toContain('**Last error:** PortalUnavailable');
    expect(text).not.toContain('**Why:**');
  });

  it('says when it has ended, and what came of a cancellation', () => {
    const cancellation = { requestedAt: AT, via: 'update', effect: 'not-placed' } as const;
    const text = describeState(aStatus({ phase: 'Cancelled', cancellation }), ADDRESS);
    expect(text).toContain('**What to do:** nothing, it has ended.');
    expect(text).toContain('Cancellation asked for via update: no order was placed');
    expect(text).not.toContain('temporal workflow signal');
  });

  it('names no signal where the run is not the order’s own', () => {
    expect(describeState(aStatus({ phase: 'ActionRequired' }))).not.toContain('signal');
  });

  it('is a command that a shell reads as it is meant, whatever the ID', () => {
    const workflowId = "purchase:it's:(a)*~!";
    const text = describeState(aStatus({ phase: 'ActionRequired' }), { namespace: 'a b', workflowId });
    const command = /`(temporal [^`]+)`/.exec(text)?.[1] ?? '';
    const words = execFileSync('sh', ['-c', `temporal() { printf '%s\\n' "$@"; }; ${command}`])
      .toString()
      .split('\n');
    expect(words).toEqual(expect.arrayContaining(['a b', workflowId, 'retry']));
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
