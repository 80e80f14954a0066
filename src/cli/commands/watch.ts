import { Command, Option } from 'commander';
import type { PurchaseReport } from '../../client/index.js';
import { durationMs } from '../arguments.js';
import { changesOf, isStopped } from '../changes.js';
import { withPurchases } from '../connect.js';
import { CliError, STOPPED_HINT } from '../errors.js';
import { EXIT } from '../exit-codes.js';
import { findPurchase } from '../find-purchase.js';
import { globalsOf } from '../global-options.js';
import { partnerOption } from '../partner-option.js';
import { ChangePrinter } from '../render-change.js';
import { oneLine } from '../sanitize.js';

const HELP = `
Prints only what changes, until the purchase ends. With -o jsonl every change is a line like the answer of
"status", its timeline holding what is new; with -o json the last one is printed at the end.

Examples:
  $ marketplace watch EXT-1001
  $ marketplace watch EXT-1001 -o jsonl | jq -r .status.phase`;

export function watchCommand(): Command {
  return new Command('watch')
    .description('follow a purchase until it ends')
    .argument('<id>', 'the externalSubscriptionId, or the workflow ID')
    .addOption(partnerOption())
    .addOption(
      new Option('--every <duration>', 'how often to look').argParser(durationMs).default(1_000, '1s'),
    )
    .addHelpText('after', HELP)
    .action(watch);
}

async function watch(
  id: string,
  { partner, every }: { partner?: string; every: number },
  command: Command,
): Promise<void> {
  const { output, temporal } = globalsOf(command);
  await withPurchases(temporal, async ({ client }) => {
    const ids = await findPurchase(client, id, partner);
    const printer = new ChangePrinter();
    let last: PurchaseReport | undefined;
    for await (const report of changesOf(() => client.status(ids), { everyMs: every })) {
      if (output.format !== 'json') output.item(report, (look) => printer.lines(report, look));
      last = report;
    }
    if (last === undefined) return;
    const end = output.format === 'json' ? await client.status(ids) : last;
    if (output.format === 'json') output.item(end, () => []);
    assertProvisioned(end);
  });
}

/** @throws CliError when a purchase ended in any other way. */
function assertProvisioned({ runStatus, workflowId, status }: PurchaseReport): void {
  if (runStatus === 'COMPLETED') return;
  const { phase, subscriptionNumber, lastError } = status;
  const stopped = isStopped(runStatus);
  const reason = stopped || lastError === undefined ? '' : `: ${lastError.type}: ${lastError.message}`;
  const hint = stopped ? STOPPED_HINT : status.actionRequired;
  throw new CliError({
    type: stopped ? 'Stopped' : phase === 'Cancelled' ? 'Cancelled' : (lastError?.type ?? phase),
    message: stopped
      ? `the purchase was stopped from outside while ${phase}`
      : oneLine(`the purchase ended as ${phase}${phase === 'Cancelled' ? '' : reason}`),
    ...(hint !== undefined && { hint: oneLine(hint) }),
    exitCode: EXIT.failed,
    workflowId,
    phase,
    ...(subscriptionNumber !== undefined && { subscriptionNumber }),
  });
}
