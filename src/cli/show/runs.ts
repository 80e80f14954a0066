import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { quoted } from '../../contract/visibility.js';
import type { RunStatus } from '../../client/index.js';

/** One of the runs under a purchase's workflow ID. */
export interface PurchaseRunInfo {
  readonly runId: string;
  readonly runStatus: RunStatus;
  readonly startedAt: string;
  readonly closedAt?: string;
  /** The run that it was reset to, which goes on instead of it. */
  readonly resetTo?: string;
}

/** More of them are counted, not looked at one by one. */
const MOST_RUNS = 10;

/** The runs of a purchase, newest first, as far as Temporal's lists keep them. They lag about a second. */
export async function runsOf(client: Client, workflowId: string): Promise<PurchaseRunInfo[]> {
  const query = `WorkflowId = ${quoted(workflowId)}`;
  const runs: PurchaseRunInfo[] = [];
  for await (const info of client.workflow.list({ query, pageSize: MOST_RUNS })) {
    runs.push(await describeRun(client, info));
    if (runs.length === MOST_RUNS) break;
  }
  return runs;
}

async function describeRun(client: Client, info: WorkflowExecutionInfo): Promise<PurchaseRunInfo> {
  const { workflowId, runId, status, startTime, closeTime } = info;
  const resetTo = status.name === 'TERMINATED' ? await resetTarget(client, workflowId, runId) : undefined;
  return {
    runId,
    runStatus: status.name,
    startedAt: startTime.toISOString(),
    ...(closeTime && { closedAt: closeTime.toISOString() }),
    ...(resetTo !== undefined && { resetTo }),
  };
}

/** A reset terminates the run that it begins anew from; only its description tells that from another end. */
async function resetTarget(client: Client, workflowId: string, runId: string): Promise<string | undefined> {
  const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
  return raw.workflowExtendedInfo?.resetRunId || undefined;
}
