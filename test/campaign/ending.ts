import {
  WorkflowFailedError,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { SEARCH_ATTRIBUTES, type PurchaseStatus } from '../../src/contract/index.js';
import { summaryIn } from '../../src/contract/visibility.js';
import type { Ending } from './evidence.js';

/** How the latest run of a purchase stands. One that goes on is terminated: enough was seen. */
export async function endingOf(handle: WorkflowHandle, status: PurchaseStatus | undefined): Promise<Ending> {
  const description = await handle.describe();
  const subscriptionNumber = numberIn(description);
  const known = {
    runStatus: description.status.name,
    status,
    summary: summaryIn(description.memo),
    ...(subscriptionNumber !== undefined && { subscriptionNumber }),
  };
  if (known.runStatus === 'RUNNING') {
    await handle.terminate('the campaign has seen enough');
    return known;
  }
  try {
    return { ...known, result: await handle.result() };
  } catch (error) {
    const cause = error instanceof WorkflowFailedError ? error.cause : error;
    const type = cause instanceof ApplicationFailure ? cause.type : undefined;
    return { ...known, failureType: type ?? (cause instanceof Error ? cause.name : String(cause)) };
  }
}

/** What the search attribute says. */
function numberIn({ raw }: WorkflowExecutionDescription): string | undefined {
  const fields = raw.workflowExecutionInfo?.searchAttributes?.indexedFields ?? {};
  const data = fields[SEARCH_ATTRIBUTES.subscriptionNumber]?.data;
  if (data === undefined || data === null) return undefined;
  const value: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
  return typeof value === 'string' ? value : undefined;
}
