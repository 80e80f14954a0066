import { Command, Option } from 'commander';
import { NoWorkerError, PurchaseEndedError } from '../../client/index.js';
import type { CancelPurchaseAnswer, PurchaseIds } from '../../contract/index.js';
import { durationMs } from '../arguments.js';
import { hasEnded } from '../changes.js';
import { withPurchases, type Purchases } from '../connect.js';
import { endedError } from '../ended-error.js';
import { CliError, commandFor } from '../errors.js';
import { EXIT } from '../exit-codes.js';
import { findPurchase, shownWorkflowId } from '../find-purchase.js';
import { globalsOf } from '../global-options.js';
import type { Look } from '../output.js';
import { partnerOption } from '../partner-option.js';
import { withProgress } from '../progress.js';
import { oneLine } from '../sanitize.js';

const HELP = `
The portal has no call to cancel: before the order exists none is placed (exit code 0, effect not-placed);
afterwards the order stands, and the purchase goes on (exit code 6, effect too-late).

Examples:
  $ marketplace cancel EXT-1001 --reason "the customer withdrew"
  $ marketplace cancel EXT-1001 -o json | jq -r .effect`;

interface CancelOptions {
  readonly partner?: string;
  readonly reason?: string;
  readonly within: number;
}

export function cancelCommand(): Command {
  return new Command('cancel')
    .description('do not place the order, if there is still time')
    .argument('<id>', 'the externalSubscriptionId, or the workflow ID')
    .addOption(partnerOption())
    .option('--reason <text>', "why; shown in the purchase's status")
    .addOption(
      new Option('--within <duration>', 'how long to wait for the answer')
        .argParser(durationMs)
        .default(30_000, '30s'),
    )
    .addHelpText('after', HELP)
    .action(cancel);
}

async function cancel(id: string, options: CancelOptions, command: Command): Promise<void> {
  const { output, temporal } = globalsOf(command);
  await withPurchases(temporal, async (purchases) => {
    const ids = await findPurchase(purchases.client, id, options.partner);
    const answer = await withProgress('Asking what a cancellation can do', output.format, () =>
      ask(purchases, ids, options),
    );
    output.item({ workflowId: shownWorkflowId(ids), ...answer }, (look) => answerLines(ids, answer, look));
    if (answer.effect === 'too-late') process.exitCode = EXIT.tooLate;
  });
}

async function ask(
  { client }: Purchases,
  ids: PurchaseIds,
  { reason, within }: CancelOptions,
): Promise<CancelPurchaseAnswer> {
  try {
    return await client.cancel(ids, { within: `${within}ms`, ...(reason !== undefined && { reason }) });
  } catch (error) {
    if (!(error instanceof NoWorkerError) && !(error instanceof PurchaseEndedError)) throw error;
    const report = await client.status(ids);
    if (hasEnded(report)) throw endedError(report, 'there is nothing to cancel');
    if (report.status.cancellation === undefined) throw error;
    throw new CliError({
      type: 'Pending',
      message: 'the wish to cancel is recorded; what it can do is not known yet',
      hint: `Ask again later: ${commandFor('status', report.workflowId)}`,
      exitCode: EXIT.pending,
      workflowId: report.workflowId,
      phase: report.status.phase,
    });
  }
}

function answerLines(ids: PurchaseIds, answer: CancelPurchaseAnswer, { style }: Look): string[] {
  const name = oneLine(ids.externalSubscriptionId);
  if (answer.effect === 'not-placed')
    return [`${style.green('Cancelled')}: no order was placed for ${name}.`];
  const number = answer.subscriptionNumber === undefined ? '' : ` ${oneLine(answer.subscriptionNumber)}`;
  return [
    `${style.yellow('Too late')}: the order${number} of ${name} stands, and its purchase goes on (${answer.phase}).`,
    ...(answer.contact === undefined ? [] : [`To have it undone, contact ${oneLine(answer.contact)}.`]),
  ];
}
