import type { PurchaseStatus } from '../src/contract/purchase.js';

/** Where a purchase stands, as Markdown: the Web UI shows it on the run's page. */
export function describeState(status: PurchaseStatus): string {
  return [
    `GitLab subscription ${code(status.externalSubscriptionId)} of trading partner ${code(status.tradingPartnerId)}: **${status.phase}**`,
    status.subscriptionNumber !== undefined && `Subscription number: ${code(status.subscriptionNumber)}`,
    status.portalStatus !== undefined && `The portal says: ${code(status.portalStatus)}`,
    status.nextPollAt !== undefined && `Next call to the portal: ${status.nextPollAt}`,
    status.deadline !== undefined && `Deadline: ${status.deadline}`,
    status.cancellation && `Cancellation asked for via ${status.cancellation.via}`,
    status.actionRequired !== undefined && `**What to do:** ${escaped(status.actionRequired)}`,
    status.lastError && `Last error: ${status.lastError.type}: ${code(status.lastError.message)}`,
  ]
    .filter((line) => typeof line === 'string')
    .join('\n\n');
}

/** What the portal wrote is shown on one line, and never read as Markdown. */
function code(text: string): string {
  return `\`${text.replaceAll('`', "'").replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')}\``;
}

/** Our own sentence, in which a caller's IDs stand: Markdown in them is text. */
function escaped(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>]/g, String.raw`\$&`);
}
