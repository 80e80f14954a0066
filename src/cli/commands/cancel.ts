import { Command, Option } from 'commander';
import { NoWorkerError, PurchaseEndedError, type PurchaseReport } from '../../client/index.js';
import { formatDuration, type CancelPurchaseAnswer, type PurchaseIds } from '../../contract/index.js';
import { unlessAborted } from '../abort.js';
import { durationMs } from '../arguments.js';
import { withPurchases, type Purchases } from '../connect.js';
import { endedError } from '../ended-error.js';
import { CliError } from '../errors.js';
import { EXIT } from '../exit-codes.js';
import { findPurchase, shownWorkflowId } from '../find-purchase.js';
import { globalsOf } from '../global-options.js';
import { quotedCommandFor, WORKER_HINT } from '../hints.js';
import { PROGRAM } from '../program-name.js';
import type { Look } from '../output.js';
import { partnerOption } from '../partner-option.js';
import { withProgress } from '../progress.js';
import { oneLine } from '../sanitize.js';
import { hasEnded } from '../standing.js';

const HELP = `
The portal has no call to cancel: before the order exists none is placed (exit code 0, effect not-placed);
afterwards the order stands, and the purchase goes on (exit code 6, effect too-late). Before it says that none is
placed it asks the portal, for up to a minute.

Examples:
  $ ${PROGRAM} cancel EXT-1001 --reason "the customer withdrew"
  $ ${PROGRAM} cancel EXT-1001 -o json | jq -r .effect`;

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
        .default(90_000, '90s'),
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

/** How much longer than it may take it is looked for why there was no answer, in milliseconds. */
const GRACE_MS = 1_000;

async function ask(
  { client }: Purchases,
  ids: PurchaseIds,
  { reason, within }: CancelOptions,
): Promise<CancelPurchaseAnswer> {
  const request = { within: `${within}ms`, ...(reason !== undefined && { reason }) };
  // The call itself may go on for seconds after its time.
  const time = AbortSignal.timeout(within);
  const grace = AbortSignal.timeout(within + GRACE_MS);
  try {
    return await unlessAborted(() => client.cancel(ids, request), time);
  } catch (error) {
    const hasEndedBefore = error instanceof PurchaseEndedError;
    if (!hasEndedBefore && !(error instanceof NoWorkerError) && !time.aborted) throw error;
    const report = await unlessAborted(() => client.status(ids), grace).catch(() => undefined);
    if (report !== undefined && hasEnded(report)) throw endedError(report, 'there is nothing to cancel');
    if (hasEndedBefore) throw error;
    throw report?.status.cancellation === undefined ? unanswered(ids, within) : recorded(report);
  }
}

function recorded({ workflowId, status }: PurchaseReport): CliError {
  return new CliError({
    type: 'Pending',
    message: 'the wish to cancel is recorded; what it can do is not known yet',
    hint: `Ask again later: ${quotedCommandFor('status', workflowId)}`,
    exitCode: EXIT.pending,
    workflowId,
    phase: status.phase,
  });
}

function unanswered(ids: PurchaseIds, within: number): CliError {
  const workflowId = shownWorkflowId(ids);
  return new CliError({
    type: 'NoWorker',
    message: `no worker answered within ${formatDuration(within)}; the wish to cancel may still take effect when one comes`,
    hint: `See whether it did, as "cancellation": ${quotedCommandFor('status', workflowId)}. ${WORKER_HINT}`,
    exitCode: EXIT.pending,
    workflowId,
  });
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
