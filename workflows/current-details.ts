import { markdownCode, markdownText } from '../src/contract/markdown.js';
import { MESSAGES, type PurchasePhase } from '../src/contract/names.js';
import type { PurchaseStatus } from '../src/contract/purchase.js';

/** Where a message can be sent to. */
export interface MessageAddress {
  readonly namespace: string;
  readonly workflowId: string;
}

const MEANING: Readonly<Record<PurchasePhase, string>> = {
  Placing: 'the order is being placed',
  Confirming: 'whether the portal took the order is being found out',
  Provisioning: 'the order exists, its license is awaited',
  ActionRequired: 'parked, a person must act',
  Provisioned: 'the license is provisioned',
  Failed: 'ended without a license',
  Cancelled: 'ended by a cancellation',
  Overdue: 'the order exists, but was not provisioned in time',
};

/** What came of a wish to cancel, as far as that is known. */
const EFFECT = {
  'not-placed': 'no order was placed',
  'too-late': 'too late, the order stands',
  unknown: 'whether an order exists is not known yet',
} as const;

/**
 * Where a purchase stands, why, and what to do, as Markdown: the Web UI shows it on the run's page.
 *
 * @param address where its messages go; left out where it takes none.
 */
export function describeState(status: PurchaseStatus, address?: MessageAddress): string {
  const { phase, actionRequired, lastError, cancellation, deadline } = status;
  const trouble = actionRequired !== undefined ? 'Why' : 'Last error';
  return [
    `**${phase}**: ${MEANING[phase]}`,
    lastError && `**${trouble}:** ${lastError.type}: ${markdownCode(lastError.message)} (${lastError.at})`,
    `**What to do:** ${actionRequired === undefined ? idle(status) : markdownText(actionRequired)}`,
    address && howTo(status, address),
    `Order ${markdownCode(status.externalSubscriptionId)} of trading partner ${markdownCode(status.tradingPartnerId)}`,
    status.subscriptionNumber !== undefined &&
      `Subscription number: ${markdownCode(status.subscriptionNumber)}`,
    status.portalStatus !== undefined && `The portal says: ${markdownCode(status.portalStatus)}`,
    status.nextPollAt !== undefined && `Next call to the portal: ${status.nextPollAt}`,
    deadline !== undefined &&
      (phase === 'ActionRequired' ? `Fails if nobody acts by: ${deadline}` : `Deadline: ${deadline}`),
    cancellation &&
      `Cancellation asked for via ${cancellation.via}: ${EFFECT[cancellation.effect ?? 'unknown']}`,
  ]
    .filter((line) => typeof line === 'string')
    .join('\n\n');
}

function idle({ phase }: PurchaseStatus): string {
  const isOpen = phase === 'Placing' || phase === 'Confirming' || phase === 'Provisioning';
  return isOpen ? 'nothing, it goes on by itself.' : 'nothing, it has ended.';
}

/** The message that helps it on now: from the page on which this is read, and from a shell. */
function howTo(status: PurchaseStatus, { namespace, workflowId }: MessageAddress): string | undefined {
  const wish = wishFor(status);
  if (wish === undefined) return undefined;
  const command = `temporal workflow signal --namespace ${quoted(namespace)} --workflow-id ${quoted(workflowId)} --name ${wish.signal}`;
  return `**${wish.purpose}:** on this page, *More Actions* → *Send a Signal* → \`${wish.signal}\` → *Submit*; or ${markdownCode(command)}`;
}

function wishFor({ phase, nextPollAt }: PurchaseStatus): { purpose: string; signal: string } | undefined {
  if (phase === 'ActionRequired') return { purpose: 'Once it is mended', signal: MESSAGES.retry };
  // A timer runs that can be cut short.
  return nextPollAt === undefined ? undefined : { purpose: 'To ask the portal now', signal: MESSAGES.poll };
}

/** A word of a POSIX shell. */
function quoted(word: string): string {
  return /^[\w.:%-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
