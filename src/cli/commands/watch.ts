import { Command, Option } from 'commander';
import type { PurchaseReport } from '../../client/index.js';
import { durationMs } from '../arguments.js';
import { isLeftUnknown } from '../cancellation.js';
import { changesOf, type WatchOptions } from '../changes.js';
import { withPurchases } from '../connect.js';
import { CliError } from '../errors.js';
import { EXIT } from '../exit-codes.js';
import { findPurchase, shownWorkflowId } from '../find-purchase.js';
import { globalsOf } from '../global-options.js';
import { quotedCommandFor, STOPPED_HINT, UNKNOWN_ORDER_HINT, withCommands } from '../hints.js';
import { LiveLine } from '../live-line.js';
import type { Output } from '../output.js';
import { PROGRAM } from '../program-name.js';
import { partnerOption } from '../partner-option.js';
import { ChangePrinter } from '../render-change.js';
import { oneLine } from '../sanitize.js';
import { StopSignal } from '../signals.js';
import { isStopped } from '../standing.js';

const HELP = `
Prints only what changes, until the purchase ends; on a terminal, a last line counts down to the next call. With
-o jsonl every change is a line like the answer of "status", its timeline holding what is new; with -o json the last
one is printed at the end.

Examples:
  $ ${PROGRAM} watch EXT-1001
  $ ${PROGRAM} watch EXT-1001 -o jsonl | jq -r .status.phase`;

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
    const workflowId = shownWorkflowId(ids);
    output.heading(({ style }) => [style.bold(workflowId)]);
    const stop = new StopSignal(
      `The purchase goes on. Watch it again: ${quotedCommandFor('watch', workflowId)}`,
    );
    const watching = { everyMs: every, signal: stop.signal };
    try {
      const end = await printChanges(() => client.status(ids), watching, output);
      if (end !== undefined) assertProvisioned(end);
    } finally {
      stop.dispose();
    }
  });
}

/** Prints each change, or with `json` the last report alone; returns that. */
async function printChanges(
  ask: () => Promise<PurchaseReport>,
  watching: WatchOptions,
  output: Output,
): Promise<PurchaseReport | undefined> {
  const printer = new ChangePrinter();
  let last: PurchaseReport | undefined;
  const live = await LiveLine.start(output.format);
  try {
    for await (const report of changesOf(() => live.following(ask), watching)) {
      live.makeRoom();
      if (output.format !== 'json') output.item(report, (look) => printer.lines(report, look));
      last = report;
    }
  } finally {
    live.stop();
  }
  if (last === undefined || output.format !== 'json') return last;
  // The reports of changes have only what is new of the timeline.
  const end = await ask();
  output.item(end, () => []);
  return end;
}

/** @throws CliError when a purchase ended in any other way. */
function assertProvisioned(report: PurchaseReport): void {
  const { runStatus, workflowId, status } = report;
  if (runStatus === 'COMPLETED') return;
  const { phase, subscriptionNumber, lastError } = status;
  const stopped = isStopped(runStatus);
  const reason = stopped || lastError === undefined ? '' : `: ${lastError.type}: ${lastError.message}`;
  const unknown = isLeftUnknown(report) ? UNKNOWN_ORDER_HINT : undefined;
  const hint = stopped ? STOPPED_HINT : (status.actionRequired ?? unknown);
  throw new CliError({
    type: stopped ? 'Stopped' : phase === 'Cancelled' ? 'Cancelled' : (lastError?.type ?? phase),
    message: stopped
      ? `the purchase was stopped from outside while ${phase}`
      : oneLine(`the purchase ended as ${phase}${phase === 'Cancelled' ? '' : reason}`),
    ...(hint !== undefined && { hint: withCommands(hint, workflowId) }),
    exitCode: EXIT.failed,
    workflowId,
    phase,
    ...(subscriptionNumber !== undefined && { subscriptionNumber }),
  });
}
