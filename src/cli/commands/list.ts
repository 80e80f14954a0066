import { Command, InvalidArgumentError, Option } from 'commander';
import type { CountFilter, RunStatus } from '../../client/index.js';
import { parseDuration, PURCHASE_PHASES, type PurchasePhase } from '../../contract/index.js';
import { wholeNumber } from '../arguments.js';
import { withPurchases } from '../connect.js';
import { usageError } from '../errors.js';
import { globalsOf } from '../global-options.js';
import { PROGRAM } from '../program-name.js';
import { countLines } from '../render-counts.js';
import { listLines } from '../render-list.js';

const HELP = `
Newest first. Needs no worker: it is what each purchase last wrote down, which AS OF tells the age of. What has
just begun may take a moment to show up. A purchase that was started again is there once for each run.

Examples:
  $ ${PROGRAM} list
  $ ${PROGRAM} list --count --since 1d
  $ ${PROGRAM} list --phase ActionRequired --partner 0012300000AbCdE
  $ ${PROGRAM} list --overdue
  $ ${PROGRAM} list --status failed --since 2026-01-31T00:00:00Z -o jsonl | jq -r .workflowId`;

/** What `--status` takes, and what it is for Temporal. */
const STATUSES: Readonly<Record<string, RunStatus>> = {
  running: 'RUNNING',
  completed: 'COMPLETED',
  failed: 'FAILED',
  canceled: 'CANCELLED',
  terminated: 'TERMINATED',
  'timed-out': 'TIMED_OUT',
};

interface ListOptions {
  readonly phase?: PurchasePhase;
  readonly overdue?: boolean;
  readonly partner?: string;
  readonly idPrefix?: string;
  readonly status?: string;
  readonly since?: Date;
  readonly count?: boolean;
  readonly limit: number;
}

export function listCommand(): Command {
  return new Command('list')
    .description('the purchases there are, or how many')
    .addOption(new Option('--phase <phase>', 'only those in this phase').choices(PURCHASE_PHASES))
    .option('--overdue', 'only those that GitLab did not provision in time')
    .option('--partner <id>', 'only those of this tradingPartnerId')
    .option('--id-prefix <text>', 'only those whose externalSubscriptionId begins so')
    .addOption(
      new Option('--status <status>', 'only those whose run is so for Temporal').choices(
        Object.keys(STATUSES),
      ),
    )
    .addOption(
      new Option('--since <time>', 'only those that began within a duration, or since a moment').argParser(
        momentSince,
      ),
    )
    .option('--count', 'only how many, by phase')
    .addOption(
      new Option('--limit <number>', 'at most so many').argParser(wholeNumber(1, 100_000)).default(20),
    )
    .addHelpText('after', HELP)
    .action(list);
}

async function list(options: ListOptions, command: Command): Promise<void> {
  const { output, temporal } = globalsOf(command);
  const filter = filterFrom(options);
  const { limit } = options;
  await withPurchases(temporal, async ({ client }) => {
    if (options.count === true) {
      const counts = await client.count(filter);
      return output.item(counts, (look) => countLines(counts, look));
    }
    await output.items(client.list({ ...filter, limit }), (items, look) => listLines(items, limit, look));
  });
}

function filterFrom({ phase, overdue, partner, idPrefix, status, since }: ListOptions): CountFilter {
  if (overdue === true && phase !== undefined && phase !== 'Overdue') {
    throw usageError('--overdue and --phase exclude each other');
  }
  const inPhase = overdue === true ? 'Overdue' : phase;
  const runStatus = status === undefined ? undefined : STATUSES[status];
  return {
    ...(inPhase !== undefined && { phase: inPhase }),
    ...(partner !== undefined && { tradingPartnerId: partner }),
    ...(idPrefix !== undefined && { idPrefix }),
    ...(runStatus !== undefined && { runStatus }),
    ...(since !== undefined && { since }),
  };
}

/** `24h` ago, or a moment such as `2026-01-31` or `2026-01-31T12:00:00Z`. */
function momentSince(text: string): Date {
  const duration = parseDuration(text);
  const at = duration === undefined ? isoMoment(text) : Date.now() - duration;
  // Beyond these there is no date that Temporal can write.
  if (at !== undefined && at >= 0) return new Date(at);
  throw new InvalidArgumentError(
    'It must be a duration such as "30m", "24h" or "7d", or a moment such as "2026-01-31" or "2026-01-31T12:00:00Z" (UTC).',
  );
}

function isoMoment(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
