import { oneLine } from '../sanitize.js';
import { Command, Option } from 'commander';
import type { PlacedPurchase, PurchaseClient, StartedPurchase } from '../../client/index.js';
import type { PurchaseInput, PurchaseResult } from '../../contract/index.js';
import { durationMs } from '../arguments.js';
import { changesOf } from '../changes.js';
import { withPurchases } from '../connect.js';
import { CliError, commandFor } from '../errors.js';
import { EXIT } from '../exit-codes.js';
import { globalsOf } from '../global-options.js';
import type { Look, Output } from '../output.js';
import { withProgress } from '../progress.js';
import { readPurchaseFile } from '../purchase-file.js';
import { shortStatus } from '../render-status.js';
import { factLines, when } from '../text.js';

const HELP = `
FILE holds the order as JSON, or an object with "order" and "options"; - reads standard input. Doing it again
with the same order is safe: it finds the purchase that exists. Another order under the same IDs is refused.

Examples:
  $ marketplace purchase examples/order.json
  $ marketplace purchase examples/order.json --wait --within 10m
  $ jq '.externalSubscriptionId = "EXT-1002"' examples/order.json | marketplace purchase - -o json`;

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

function buy(
  client: PurchaseClient,
  input: PurchaseInput,
  { within = WITHIN_MS }: PurchaseFlags,
  { format }: Output,
): Promise<PlacedPurchase> {
  const [order, options] = argumentsFor(input);
  return withProgress('Waiting for the order to exist', format, () =>
    client.purchase(order, { ...options, within: `${within}ms` }),
  );
}

async function buyAndWait(
  client: PurchaseClient,
  input: PurchaseInput,
  { within }: PurchaseFlags,
  output: Output,
): Promise<PurchaseResult> {
  const { order } = input;
  await client.start(...argumentsFor(input));
  const signal = within === undefined ? undefined : AbortSignal.timeout(within);
  const watching = { everyMs: 1_000, ...(signal && { signal }) };
  try {
    await withProgress('Waiting for the license', output.format, async (progress) => {
      for await (const report of changesOf(() => client.status(order), watching)) {
        progress.update(shortStatus(report, Date.now()));
      }
    });
  } catch (error) {
    throw signal?.aborted === true ? await notYet(client, input) : error;
  }
  return client.waitForResult(order);
}

async function notYet(client: PurchaseClient, { order }: PurchaseInput): Promise<CliError> {
  const { workflowId, status } = await client.status(order);
  const { phase, subscriptionNumber, actionRequired } = status;
  return new CliError({
    type: 'Pending',
    message: `the license is not provisioned yet: ${phase}`,
    hint:
      actionRequired === undefined
        ? `It goes on: ${commandFor('watch', workflowId)}`
        : oneLine(actionRequired),
    exitCode: EXIT.pending,
    workflowId,
    phase,
    ...(subscriptionNumber !== undefined && { subscriptionNumber }),
  });
}

function printStarted(started: StartedPurchase, output: Output): void {
  output.item(started, (look) => [
    look.style.bold('Purchase started'),
    ...factLines(
      [
        ['workflow', started.workflowId],
        ['run', started.runId],
        ['next', commandFor('watch', started.workflowId)],
      ],
      look.width,
    ),
  ]);
}

function printPlaced(placed: PlacedPurchase, output: Output): void {
  const next = placed.phase === 'Provisioned' ? 'status' : 'watch';
  output.item(placed, (look) => [
    look.style.green('The order exists'),
    ...factLines(
      [
        ['subscription', placed.subscriptionNumber ?? 'the portal gave no number yet'],
        ['phase', placed.phase],
        ['workflow', placed.workflowId],
        ['next', commandFor(next, placed.workflowId)],
      ],
      look.width,
    ),
  ]);
}

function printResult(result: PurchaseResult, output: Output): void {
  output.item(result, (look: Look) => [
    look.style.green('Provisioned'),
    ...factLines(
      [
        ['subscription', result.subscriptionNumber ?? 'the portal gave no number'],
        ['ID', result.externalSubscriptionId],
        ['trading partner', result.tradingPartnerId],
        ['placed', when(result.placedAt, look.now)],
        ['provisioned', when(result.provisionedAt, look.now)],
      ],
      look.width,
    ),
  ]);
}
