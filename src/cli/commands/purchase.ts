import { Command, Option } from 'commander';
import type { PlacedPurchase, PurchaseClient, PurchaseReport } from '../../client/index.js';
import type { PurchaseIds, PurchaseInput, PurchaseResult } from '../../contract/index.js';
import { durationMs } from '../arguments.js';
import { changesOf } from '../changes.js';
import { withPurchases } from '../connect.js';
import { CliError } from '../errors.js';
import { EXIT } from '../exit-codes.js';
import { shownWorkflowId } from '../find-purchase.js';
import { globalsOf } from '../global-options.js';
import { commandFor, quotedCommandFor, WORKER_HINT, withCommands } from '../hints.js';
import { PROGRAM } from '../program-name.js';
import type { Output } from '../output.js';
import { withProgress, type Progress } from '../progress.js';
import { readPurchaseFile } from '../purchase-file.js';
import { printPlaced, printResult, printStarted } from '../render-purchase.js';
import { shortStatus } from '../render-status.js';
import { StopSignal } from '../signals.js';

const HELP = `
FILE holds the order as JSON, or an object with "order" and "options"; - reads standard input. Doing it again
with the same order is safe: it finds the purchase that exists. Another order under the same IDs is refused.

Examples:
  $ ${PROGRAM} purchase examples/order.json
  $ ${PROGRAM} purchase examples/order.json --wait --within 10m
  $ jq '.externalSubscriptionId = "EXT-1002"' examples/order.json | ${PROGRAM} purchase - -o json`;

interface PurchaseFlags {
  /** Absent: until the order exists. */
  readonly wait?: boolean;
  readonly within?: number;
}

export function purchaseCommand(): Command {
  return new Command('purchase')
    .description('buy: place the order in a file, exactly once')
    .argument('<file>', 'the order, as JSON; - for standard input')
    .option('--wait', 'until its license is provisioned, which may take days')
    .option('--no-wait', 'only start it')
    .addOption(
      new Option(
        '--within <duration>',
        'how long to wait at most (default: 30s; with --wait: no limit)',
      ).argParser(durationMs),
    )
    .addHelpText('after', HELP)
    .action(purchase);
}

async function purchase(file: string, flags: PurchaseFlags, command: Command): Promise<void> {
  const { output, temporal } = globalsOf(command);
  const input = await readPurchaseFile(file);
  await withPurchases(temporal, async ({ client }) => {
    if (flags.wait === false) return printStarted(await client.start(...argumentsFor(input)), output);
    if (flags.wait === true) return printResult(await buyAndWait(client, input, flags, output), output);
    printPlaced(await buy(client, input, flags, output), output);
  });
}

function argumentsFor({ order, options }: PurchaseInput) {
  return [order, options === undefined ? {} : { options }] as const;
}

/** How long the order may take to exist unless told otherwise, in milliseconds. */
const WITHIN_MS = 30_000;

async function buy(
  client: PurchaseClient,
  input: PurchaseInput,
  { within = WITHIN_MS }: PurchaseFlags,
  { format }: Output,
): Promise<PlacedPurchase> {
  const [order, options] = argumentsFor(input);
  return interruptibly(order, (stop) =>
    withProgress('Waiting for the order to exist', format, () =>
      stop.race(client.purchase(order, { ...options, within: `${within}ms` })),
    ),
  );
}

/** Work on a purchase that Ctrl-C ends with a hint; whether it was started may not be known yet. */
async function interruptibly<T>(ids: PurchaseIds, work: (stop: StopSignal) => Promise<T>): Promise<T> {
  const stop = new StopSignal(
    `A purchase that was started goes on. See it: ${quotedCommandFor('status', shownWorkflowId(ids))}`,
  );
  try {
    return await work(stop);
  } finally {
    stop.dispose();
  }
}

async function buyAndWait(
  client: PurchaseClient,
  input: PurchaseInput,
  { within }: PurchaseFlags,
  { format }: Output,
): Promise<PurchaseResult> {
  const { order } = input;
  await interruptibly(order, async (stop) => {
    await stop.race(client.start(...argumentsFor(input)));
    await withProgress('Waiting for the license', format, (progress) =>
      untilEnded({ client, order, within }, stop, progress),
    );
  });
  return client.waitForResult(order);
}

interface Waiting {
  readonly client: PurchaseClient;
  readonly order: PurchaseIds;
  readonly within: number | undefined;
}

async function untilEnded(
  { client, order, within }: Waiting,
  stop: StopSignal,
  progress: Progress,
): Promise<void> {
  const timeout = within === undefined ? [] : [AbortSignal.timeout(within)];
  const signal = AbortSignal.any([stop.signal, ...timeout]);
  let last: PurchaseReport | undefined;
  try {
    for await (const report of changesOf(() => client.status(order), { everyMs: 1_000, signal })) {
      const more = report.status.actionRequired && `; see ${commandFor('status', report.workflowId)}`;
      progress.update(`${shortStatus(report, Date.now())}${more ?? ''}`);
      last = report;
    }
  } catch (error) {
    throw signal.aborted && !stop.signal.aborted ? notYet(order, last) : error;
  }
}

function notYet(ids: PurchaseIds, last: PurchaseReport | undefined): CliError {
  const workflowId = shownWorkflowId(ids);
  const message = 'the license is not provisioned yet';
  const isUnanswered = last === undefined || last.answeredBy === 'server';
  const { phase, subscriptionNumber, actionRequired } = last?.status ?? {};
  const goesOn = isUnanswered ? WORKER_HINT : `It goes on: ${quotedCommandFor('watch', workflowId)}`;
  return new CliError({
    type: 'Pending',
    message: isUnanswered ? `${message}: no worker answered in time` : `${message}: ${phase}`,
    hint: actionRequired === undefined ? goesOn : withCommands(actionRequired, workflowId),
    exitCode: EXIT.pending,
    workflowId,
    ...(phase !== undefined && { phase }),
    ...(subscriptionNumber !== undefined && { subscriptionNumber }),
  });
}
