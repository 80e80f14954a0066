import { Command, Option } from 'commander';
import type { AmendOrderAnswer } from '../../client/index.js';
import { workflowIdOf, type Order, type PurchaseIds } from '../../contract/index.js';
import { durationMs } from '../arguments.js';
import { withPurchases } from '../connect.js';
import { usageError } from '../errors.js';
import { findPurchase, shownWorkflowId } from '../find-purchase.js';
import { globalsOf } from '../global-options.js';
import { commandFor } from '../hints.js';
import { fileName } from '../json-file.js';
import type { Look } from '../output.js';
import { partnerOption } from '../partner-option.js';
import { withProgress } from '../progress.js';
import { PROGRAM } from '../program-name.js';
import { readPurchaseFile } from '../purchase-file.js';
import { oneLine } from '../sanitize.js';
import { factLines } from '../text.js';

const HELP = `
For a purchase that is parked, such as one that the portal refused: it goes on with the order in FILE, which keeps
the two IDs. Whether the portal has an order is asked first; once one exists, or may exist, it is too late
(OrderConflict, exit code 3). FILE may also be - for standard input.

Examples:
  $ ${PROGRAM} amend EXT-1001 corrected.json
  $ jq '.orderLines[0].productId = "2c92a0ff"' order.json | ${PROGRAM} amend EXT-1001 -`;

interface AmendFlags {
  readonly partner?: string;
  readonly within: number;
}

export function amendCommand(): Command {
  return new Command('amend')
    .description('give a parked purchase a corrected order, and let it go on')
    .argument('<id>', 'the externalSubscriptionId, or the workflow ID')
    .argument('<file>', 'the whole corrected order, as JSON; - for standard input')
    .addOption(partnerOption())
    .addOption(
      new Option('--within <duration>', 'how long to wait for the answer')
        .argParser(durationMs)
        .default(30_000, '30s'),
    )
    .addHelpText('after', HELP)
    .action(amend);
}

async function amend(
  id: string,
  file: string,
  { partner, within }: AmendFlags,
  command: Command,
): Promise<void> {
  const { output, temporal } = globalsOf(command);
  const { order, options } = await readPurchaseFile(file);
  if (options !== undefined) {
    throw usageError(
      `${fileName(file)}: has "options", which cannot be amended`,
      'Leave them out: the purchase keeps those it began with.',
    );
  }
  await withPurchases(temporal, async ({ client }) => {
    const ids = await findPurchase(client, id, partner);
    assertSameIds(ids, order, file);
    const answer = await withProgress('Asking the purchase to take the order', output.format, () =>
      client.amend(order, { within: `${within}ms` }),
    );
    output.item({ workflowId: shownWorkflowId(ids), ...answer }, (look) => answerLines(ids, answer, look));
  });
}

/** The IDs name the purchase: another one's order in the file is a mix-up. */
function assertSameIds(ids: PurchaseIds, order: Order, file: string): void {
  const workflowId = shownWorkflowId(ids);
  if (workflowIdOf(order) === workflowId) return;
  throw usageError(
    `${fileName(file)}: is an order of another purchase, ${oneLine(workflowIdOf(order))}, not of ${workflowId}`,
    'An amended order keeps its two IDs. Another externalSubscriptionId is another purchase.',
  );
}

function answerLines(ids: PurchaseIds, { phase }: AmendOrderAnswer, { style, width }: Look): string[] {
  const workflowId = shownWorkflowId(ids);
  return [
    style.green('The purchase goes on with the corrected order'),
    ...factLines(
      [
        ['phase', phase],
        ['workflow', workflowId],
        ['next', commandFor('watch', workflowId)],
      ],
      width,
    ),
  ];
}
