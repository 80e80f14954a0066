import type { ListFilter, PurchaseClient } from '../client/index.js';
import { parsePurchaseWorkflowId, purchaseWorkflowId, type PurchaseIds } from '../contract/index.js';
import { CliError, isUnregistered, usageError } from './errors.js';
import { EXIT } from './exit-codes.js';
import { LIST_HINT } from './hints.js';
import { oneLine } from './sanitize.js';
import { similarTo } from './similar.js';

/** More than one trading partner with the same ID is rare; more than so many are not listed. */
const MOST_RUNS = 100;
/** So many runs, the newest ones, are looked through for a purchase that no worker has seen yet. */
const MOST_UNSEEN = 1_000;

/**
 * The purchase that a person means by an ID: a whole workflow ID, or an `externalSubscriptionId`, which is
 * looked up unless the trading partner is given.
 *
 * @throws CliError when there is none, or more than one.
 */
export async function findPurchase(
  client: PurchaseClient,
  id: string,
  partner: string | undefined,
): Promise<PurchaseIds> {
  const named = namedIds(id, partner);
  if (named !== undefined) return named;
  const marked = await findMarked(client, id);
  // The first worker that sees a purchase writes down its IDs; until then only its workflow ID has them.
  const others = new Set<string>();
  const found = marked.size > 0 ? marked : await collect(client, id, { limit: MOST_UNSEEN }, others);
  const [only, ...more] = found.values();
  if (only === undefined) throw notFound(id, others);
  if (more.length > 0) throw ambiguous(id, [...found.keys()]);
  return only;
}

type Found = ReadonlyMap<string, PurchaseIds>;

/** Those that have the ID among their search attributes; none where no worker has registered these. */
async function findMarked(client: PurchaseClient, id: string): Promise<Found> {
  try {
    return await collect(client, id, { externalSubscriptionId: id, limit: MOST_RUNS });
  } catch (error) {
    if (isUnregistered(error)) return new Map();
    throw error;
  }
}

/** @param others where the IDs of other purchases go. */
async function collect(
  client: PurchaseClient,
  id: string,
  filter: ListFilter,
  others = new Set<string>(),
): Promise<Found> {
  const found = new Map<string, PurchaseIds>();
  for await (const { workflowId, tradingPartnerId, externalSubscriptionId } of client.list(filter)) {
    if (externalSubscriptionId === id) found.set(workflowId, { tradingPartnerId, externalSubscriptionId });
    else others.add(externalSubscriptionId);
  }
  return found;
}

/** The IDs that can be read from what was typed, without asking anybody. */
function namedIds(id: string, partner: string | undefined): PurchaseIds | undefined {
  if (id.trim() === '') throw usageError('the ID is empty');
  const ids = parsePurchaseWorkflowId(id);
  if (ids !== undefined) {
    if (partner !== undefined && partner !== ids.tradingPartnerId) {
      throw usageError(`the workflow ID is not one of trading partner ${oneLine(partner)}`);
    }
    return ids;
  }
  return partner === undefined ? undefined : { tradingPartnerId: partner, externalSubscriptionId: id };
}

function notFound(id: string, others: Iterable<string>): CliError {
  const similar = similarTo(id, others).map(oneLine);
  const guess = similar.length === 0 ? '' : `Did you mean ${similar.join(', or ')}? `;
  return new CliError({
    type: 'NotFound',
    message: `there is no purchase with the ID ${oneLine(id)}`,
    hint: `${guess}${LIST_HINT}. A purchase just started is found at once with --partner.`,
    exitCode: EXIT.notFound,
  });
}

function ambiguous(id: string, workflowIds: readonly string[]): CliError {
  return usageError(
    [
      `${workflowIds.length} trading partners have a purchase with the ID ${oneLine(id)}:`,
      ...workflowIds.map((workflowId) => `  ${oneLine(workflowId)}`),
    ].join('\n'),
    'Name one of these, or the trading partner with --partner.',
  );
}

/** A purchase's workflow ID as it is shown. */
export function shownWorkflowId(ids: PurchaseIds): string {
  return oneLine(purchaseWorkflowId(ids));
}
