import { Command, Option } from 'commander';
import { PURCHASE_PHASES, type PurchasePhase } from '../../contract/index.js';
import { wholeNumber } from '../arguments.js';
import { withPurchases } from '../connect.js';
import { globalsOf } from '../global-options.js';
import { PROGRAM } from '../program-name.js';
import { listLines } from '../render-list.js';

const HELP = `
Newest first. Needs no worker. What has just begun may take a moment to show up.

Examples:
  $ ${PROGRAM} list
  $ ${PROGRAM} list --phase ActionRequired --partner 0012300000AbCdE
  $ ${PROGRAM} list -o jsonl | jq -r 'select(.runStatus == "FAILED") | .workflowId'`;

interface ListOptions {
  readonly phase?: PurchasePhase;
  readonly partner?: string;
  readonly limit: number;
}

export function listCommand(): Command {
  return new Command('list')
    .description('the purchases there are')
    .addOption(new Option('--phase <phase>', 'only those in this phase').choices(PURCHASE_PHASES))
    .option('--partner <id>', 'only those of this tradingPartnerId')
    .addOption(
      new Option('--limit <number>', 'at most so many').argParser(wholeNumber(1, 100_000)).default(20),
    )
    .addHelpText('after', HELP)
    .action(async ({ phase, partner, limit }: ListOptions, command: Command) => {
      const { output, temporal } = globalsOf(command);
      const filter = {
        limit,
        ...(phase !== undefined && { phase }),
        ...(partner !== undefined && { tradingPartnerId: partner }),
      };
      await withPurchases(temporal, ({ client }) =>
        output.items(client.list(filter), (items, look) => listLines(items, limit, look)),
      );
    });
}
