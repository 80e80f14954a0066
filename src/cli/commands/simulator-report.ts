import { Command } from 'commander';
import { CliError } from '../errors.js';
import { EXIT } from '../exit-codes.js';
import { globalsOf } from '../global-options.js';
import { PortalControl, simulatorUrlOption } from '../portal-control.js';
import { portalReport } from '../portal-report.js';
import { PROGRAM } from '../program-name.js';
import { portalReportLines } from '../render-portal-report.js';
import { oneLine } from '../sanitize.js';

const HELP = `
For each externalSubscriptionId: its orders, of which there must be one at most, and the calls about it, with
what went wrong on purpose. GET looks for an order, POST places one.

Examples:
  $ ${PROGRAM} simulator report --url http://127.0.0.1:8080
  $ ${PROGRAM} simulator report --id EXT-1001
  $ ${PROGRAM} simulator report -o json | jq .totals.doubleOrders`;

/** `marketplace simulator report` */
export function simulatorReportCommand(): Command {
  return new Command('report')
    .description('tell what a running simulator was asked, and what came of it')
    .addOption(simulatorUrlOption())
    .option('--id <id>', 'only about this externalSubscriptionId')
    .addHelpText('after', HELP)
    .action(async ({ url, id }: { url?: string; id?: string }, command: Command) => {
      const { output } = globalsOf(command);
      const report = await portalReport(PortalControl.at(url), id);
      if (id !== undefined && report.purchases.length === 0) throw unknownId(id);
      output.item(report, (look) => portalReportLines(report, look));
    });
}

function unknownId(id: string): CliError {
  return new CliError({
    type: 'NotFound',
    message: `the simulator was never asked about ${oneLine(id)}`,
    hint: `See what it was asked: \`${PROGRAM} simulator report\``,
    exitCode: EXIT.notFound,
  });
}
