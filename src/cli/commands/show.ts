import { Command } from 'commander';
import { withPurchases } from '../connect.js';
import { findPurchase } from '../find-purchase.js';
import { globalsOf } from '../global-options.js';
import { partnerOption } from '../partner-option.js';
import { withProgress } from '../progress.js';
import { PROGRAM } from '../program-name.js';
import { gather } from '../show/gather.js';
import { nextAction, showLines } from '../show/render-show.js';
import { why } from '../show/why.js';
import { uiUrlOption } from '../web-ui.js';

const HELP = `
Everything on one screen: where it is, why, what to do, what runs or is tried again at Temporal, who serves it, and
what happened. When no worker answers, it tells what the server keeps, and how old that is. Of the order it shows
what is bought; --order shows it whole, which is customer data.

Examples:
  $ ${PROGRAM} show EXT-1001
  $ ${PROGRAM} show EXT-1001 --order
  $ ${PROGRAM} show EXT-1001 -o json | jq -r .whatToDo`;

interface ShowFlags {
  readonly partner?: string;
  readonly order?: boolean;
  readonly uiUrl?: string;
}

export function showCommand(): Command {
  return new Command('show')
    .description('everything about one purchase: where it is, why, what to do')
    .argument('<id>', 'the externalSubscriptionId, or the workflow ID')
    .addOption(partnerOption())
    .option('--order', 'the order itself too: customer data')
    .addOption(uiUrlOption())
    .addHelpText('after', HELP)
    .action(async (id: string, { partner, order = false, uiUrl }: ShowFlags, command: Command) => {
      const { output, temporal } = globalsOf(command);
      await withPurchases(temporal, async (purchases) => {
        const view = await withProgress('Asking the purchase', output.format, async () =>
          gather(purchases, await findPurchase(purchases.client, id, partner), { order, uiUrl }),
        );
        const answers = { why: why(view, Date.now()), whatToDo: nextAction(view) };
        output.item({ ...view, ...answers }, (look) => showLines(view, look));
      });
    });
}
