import { Command } from 'commander';
import { withPurchases } from '../connect.js';
import { findPurchase } from '../find-purchase.js';
import { globalsOf } from '../global-options.js';
import { PROGRAM } from '../program-name.js';
import { partnerOption } from '../partner-option.js';
import { withProgress } from '../progress.js';
import { statusLines } from '../render-status.js';

const HELP = `
Answers from the purchase itself; when no worker answers, from the server's record, and says how old that is.

Examples:
  $ ${PROGRAM} status EXT-1001
  $ ${PROGRAM} status EXT-1001 -o json | jq -r .status.phase`;

export function statusCommand(): Command {
  return new Command('status')
    .description('where a purchase is, why, and what to do')
    .argument('<id>', 'the externalSubscriptionId, or the workflow ID')
    .addOption(partnerOption())
    .addHelpText('after', HELP)
    .action(async (id: string, { partner }: { partner?: string }, command: Command) => {
      const { output, temporal } = globalsOf(command);
      await withPurchases(temporal, async ({ client }) => {
        const report = await withProgress('Asking the purchase', output.format, async () =>
          client.status(await findPurchase(client, id, partner)),
        );
        output.item(report, (look) => statusLines(report, look));
      });
    });
}
