import { Command } from 'commander';
import type { PurchaseReport } from '../../client/index.js';
import { withPurchases } from '../connect.js';
import { endedError } from '../ended-error.js';
import { usageError } from '../errors.js';
import { findPurchase } from '../find-purchase.js';
import { globalsOf, type Globals } from '../global-options.js';
import { quotedCommandFor, UNANSWERED_HINT } from '../hints.js';
import { meaningOf } from '../next-step.js';
import { PROGRAM } from '../program-name.js';
import { shortStatus } from '../render-status.js';
import { oneLine } from '../sanitize.js';
import { hasEnded } from '../standing.js';
import { relative, wrap } from '../text.js';
import { retryAll, type RetryAllFlags } from './retry-all.js';

const HELP = `
A purchase that waits for a person (phase ActionRequired) tries again now. Any other goes on as it is. With --all,
one batch at Temporal asks all that are parked, such as after an outage: first it says how many there are and
asks whether to go on; where nobody can be asked, --yes is needed. Temporal's lists lag about a second, so one
just parked may be missed.

Examples:
  $ ${PROGRAM} retry EXT-1001
  $ ${PROGRAM} retry --all
  $ ${PROGRAM} retry --all --partner 0012300000AbCdE --yes -o json | jq .asked`;

interface RetryFlags extends RetryAllFlags {
  readonly all?: boolean;
}

export function retryCommand(): Command {
  return new Command('retry')
    .description('let a parked purchase, or all of them, try again now')
    .argument('[id]', 'the externalSubscriptionId, or the workflow ID')
    .option('--all', 'every purchase that is parked')
    .option('--partner <id>', 'the tradingPartnerId: exact, without looking the ID up; with --all, only its')
    .option('--yes', 'with --all: without asking first')
    .addHelpText('after', HELP)
    .action(retry);
}

async function retry(id: string | undefined, flags: RetryFlags, command: Command): Promise<void> {
  const globals = globalsOf(command);
  if (flags.all === true) {
    if (id !== undefined) throw usageError('an ID and --all exclude each other');
    return retryAll(flags, globals);
  }
  if (id === undefined) throw usageError('name the purchase, or all that are parked with --all');
  return retryOne(id, flags, globals);
}

async function retryOne(id: string, { partner }: RetryFlags, { output, temporal }: Globals): Promise<void> {
  await withPurchases(temporal, async ({ client }) => {
    const ids = await findPurchase(client, id, partner);
    const report = await client.status(ids);
    if (hasEnded(report)) throw endedError(report, 'there is nothing to try again');
    await client.retry(ids);
    const { workflowId, status, answeredBy } = report;
    const wasParked = status.phase === 'ActionRequired';
    output.item({ workflowId, phase: status.phase, wasParked, answeredBy }, (look) =>
      wrap(outcome(report, look.now), look.width),
    );
  });
}

/** What asking again came to. Without a worker nobody knows whether the purchase is parked now. */
function outcome(report: PurchaseReport, now: number): string {
  const { status, workflowId, answeredBy, asOf } = report;
  const { phase, externalSubscriptionId } = status;
  const name = oneLine(externalSubscriptionId);
  const wasParked = phase === 'ActionRequired';
  if (answeredBy === 'server') {
    const was = wasParked ? 'waited for a person' : `did not wait for a person (phase ${phase})`;
    return `Asked ${name} to try again, which it heeds once a worker runs, if it waits for a person then. ${UNANSWERED_HINT} As of ${relative(asOf, now)} it ${was}.`;
  }
  const watch = quotedCommandFor('watch', workflowId);
  if (wasParked) return `Asked ${name} to try again. See how it goes: ${watch}`;
  const meaning = phase === 'Placing' ? `: ${meaningOf(phase) ?? ''}` : '';
  return `${name} does not wait for a person, and goes on as it is (${shortStatus(report, now)}${meaning}).`;
}
