import { Command } from 'commander';
import type { PurchaseReport } from '../../client/index.js';
import { withPurchases } from '../connect.js';
import { endedError } from '../ended-error.js';
import { findPurchase } from '../find-purchase.js';
import { globalsOf } from '../global-options.js';
import { quotedCommandFor, UNANSWERED_HINT } from '../hints.js';
import { meaningOf } from '../next-step.js';
import { PROGRAM } from '../program-name.js';
import { partnerOption } from '../partner-option.js';
import { shortStatus } from '../render-status.js';
import { oneLine } from '../sanitize.js';
import { hasEnded } from '../standing.js';
import { relative, wrap } from '../text.js';

const HELP = `
A purchase that waits for a person (phase ActionRequired) tries again now. Any other goes on as it is.

Examples:
  $ ${PROGRAM} retry EXT-1001
  $ ${PROGRAM} list --phase ActionRequired -o jsonl | jq -r .workflowId | xargs -n1 ${PROGRAM} retry`;

export function retryCommand(): Command {
  return new Command('retry')
    .description('let a parked purchase try again now')
    .argument('<id>', 'the externalSubscriptionId, or the workflow ID')
    .addOption(partnerOption())
    .addHelpText('after', HELP)
    .action(async (id: string, { partner }: { partner?: string }, command: Command) => {
      const { output, temporal } = globalsOf(command);
      await withPurchases(temporal, async ({ client }) => {
        const ids = await findPurchase(client, id, partner);
        const report = await client.status(ids);
        if (hasEnded(report)) throw endedError(report, 'there is nothing to try again');
        await client.retry(ids);
        const { workflowId, status, answeredBy } = report;
        const wasParked = status.phase === 'ActionRequired';
        output.item({ workflowId, phase: status.phase, wasParked, answeredBy }, (look) =>
          wrap(outcome(report, look.now), look.width),
        );
      });
    });
}

/** What asking again came to. Without a worker nobody knows whether the purchase is parked now. */
function outcome(report: PurchaseReport, now: number): string {
  const { status, workflowId, answeredBy, asOf } = report;
  const { phase, externalSubscriptionId } = status;
  const name = oneLine(externalSubscriptionId);
  const wasParked = phase === 'ActionRequired';
  if (answeredBy === 'server') {
    const was = wasParked ? 'waited for a person' : `did not wait for a person (phase ${phase})`;
    return `Asked ${name} to try again, which it heeds once a worker runs, if it waits for a person then. ${UNANSWERED_HINT} As of ${relative(asOf, now)} it ${was}.`;
  }
  const watch = quotedCommandFor('watch', workflowId);
  if (wasParked) return `Asked ${name} to try again. See how it goes: ${watch}`;
  const meaning = phase === 'Placing' ? `: ${meaningOf(phase) ?? ''}` : '';
  return `${name} does not wait for a person, and goes on as it is (${shortStatus(report, now)}${meaning}).`;
}
