import { activityInfo, Context, log } from '@temporalio/activity';
import { hadNoOrder, quoted, summaryIn } from '../src/contract/visibility.js';
import { failure } from './failures.js';

/** gRPC's PERMISSION_DENIED, and UNIMPLEMENTED: a server without lists, such as the one for tests that skip time. */
const NO_LISTS: ReadonlySet<unknown> = new Set([7, 12]);

/** Runs of one purchase are few. */
const MOST_RUNS = 20;

/**
 * How long an order that an earlier run of this purchase sent may still turn up, in milliseconds from the moment
 * `at`; 0 when none may. Earlier runs are those that were terminated, reset, or ended without knowing.
 *
 * @param settlingMs how long it may after such a run ended.
 * @throws ApplicationFailure `PortalUnavailable` when Temporal does not say.
 */
export async function earlierRunSettles(settlingMs: number, at: number): Promise<number> {
  const endedAt = await lastUnsettledRunEndedAt();
  return endedAt === undefined ? 0 : Math.max(0, endedAt + settlingMs - at);
}

async function lastUnsettledRunEndedAt(): Promise<number | undefined> {
  const { workflowExecution } = activityInfo();
  if (workflowExecution === undefined) return undefined;
  try {
    return await lastUnsettled(workflowExecution.workflowId, workflowExecution.runId);
  } catch (error) {
    if (!NO_LISTS.has(codeOf(error))) {
      const message = 'the Temporal server does not list the earlier runs of this purchase; nothing was sent';
      throw failure('PortalUnavailable', message, { retryable: true });
    }
    log.warn(
      'Earlier runs cannot be listed: an order that one of them sent is only looked for at the portal',
    );
    return undefined;
  }
}

async function lastUnsettled(workflowId: string, ownRunId: string): Promise<number | undefined> {
  const query = `WorkflowId = ${quoted(workflowId)}`;
  let seen = 0;
  for await (const run of Context.current().client.workflow.list({ query, pageSize: MOST_RUNS })) {
    seen += 1;
    if (seen > MOST_RUNS) break;
    const isOther = run.runId !== ownRunId && run.status.name !== 'CONTINUED_AS_NEW';
    // A list that lags may still take it for running.
    if (isOther && maySendOrders(run.memo)) return run.closeTime?.getTime() ?? Date.now();
  }
  return undefined;
}

/** Whether a run may have sent an order, and did not say that the portal has none. */
function maySendOrders(memo: Record<string, unknown> | undefined): boolean {
  return summaryIn(memo)?.order !== 'not-placed' && !hadNoOrder(memo);
}

function codeOf(error: unknown): unknown {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return typeof cause === 'object' && cause !== null ? Reflect.get(cause, 'code') : undefined;
}
