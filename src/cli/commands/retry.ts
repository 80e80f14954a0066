import { Command } from 'commander';
import { withPurchases } from '../connect.js';
import { endedError } from '../ended-error.js';
import { hasEnded } from '../changes.js';
import { findPurchase } from '../find-purchase.js';
import { globalsOf } from '../global-options.js';
import { partnerOption } from '../partner-option.js';
import { oneLine } from '../sanitize.js';

const HELP = `
A purchase that waits for a person (phase ActionRequired) tries again now. Any other goes on as it is.

Examples:
  $ marketplace retry EXT-1001
  $ marketplace list --phase ActionRequired -o jsonl | jq -r .workflowId | xargs -n1 marketplace retry`;

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
        const { workflowId, status } = report;
        const wasParked = status.phase === 'ActionRequired';
        const name = oneLine(ids.externalSubscriptionId);
        output.item({ workflowId, phase: status.phase, wasParked }, () => [
          wasParked
            ? `Asked ${name} to try again. See how it goes: marketplace watch ${name}`
            : `${name} does not wait for a person (phase ${status.phase}): it goes on as it is.`,
        ]);
      });
    });
}
