import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { readOrder } from '../../client/read-order.js';
import type { PurchaseReport } from '../../client/index.js';
import { purchaseWorkflowId, type PurchaseIds } from '../../contract/index.js';
import type { Purchases } from '../connect.js';
import { describeQueue, type QueueReport } from '../pollers.js';
import { hasEnded } from '../standing.js';
import { findWebUi } from '../web-ui.js';
import { runUrl } from '../../temporal/ui-links.js';
import { summaryOfOrder, type OrderSummary } from './order-summary.js';
import { pendingActivitiesIn, type PendingActivity } from './pending.js';
import { runsOf, type PurchaseRunInfo } from './runs.js';

/** Everything there is to know about one purchase. */
export interface PurchaseView extends PurchaseReport {
  readonly run: {
    readonly runId: string;
    readonly startedAt: string;
    readonly closedAt?: string;
    /** How many events its history has; a run with thousands continues as a new one. */
    readonly historyEvents: number;
  };
  /** All runs of this workflow ID that Temporal's lists have, newest first, ten at most. */
  readonly runs: readonly PurchaseRunInfo[];
  readonly pendingActivities: readonly PendingActivity[];
  /** Who serves the run's task queue; absent once the run has ended. */
  readonly queue?: { readonly name: string } & Readonly<Record<'workflow' | 'activity', QueueReport>>;
  /** Absent when it cannot be read, such as without the keys it is encrypted with. */
  readonly order?: OrderSummary;
  /** The order itself, which is customer data: only when it was asked for. */
  readonly orderDocument?: unknown;
  /** The run's page in the Web UI; absent when nobody knows where that is. */
  readonly webUi?: { readonly url: string; readonly isAssumed: boolean };
}

interface Wish {
  /** Whether the order itself is wanted. */
  readonly order: boolean;
  readonly uiUrl: string | undefined;
}

/** Asks the purchase, and the server about its run, all at once. */
export async function gather(
  { client, temporal, address }: Purchases,
  ids: PurchaseIds,
  { order: wantsOrder, uiUrl }: Wish,
): Promise<PurchaseView> {
  const webUi = findWebUi(address, uiUrl);
  const workflowId = purchaseWorkflowId(ids);
  // First the status, which says so when there is no such purchase.
  const report = await client.status(ids);
  const description = await temporal.workflow.getHandle(workflowId).describe();
  const isOpen = !hasEnded({ runStatus: description.status.name });
  const [runs, order, queue] = await Promise.all([
    runsOf(temporal, workflowId),
    readOrder(temporal, description).catch(() => undefined),
    isOpen ? serving(temporal, description.taskQueue) : undefined,
  ]);
  const summary = summaryOfOrder(order);
  const { runId } = description;
  const { namespace } = temporal.options;
  return {
    ...report,
    run: runIn(description),
    runs,
    pendingActivities: await pendingActivitiesIn(temporal, description),
    ...(queue && { queue }),
    ...(summary && { order: summary }),
    ...(wantsOrder && order !== undefined && { orderDocument: order }),
    ...(webUi && {
      webUi: {
        url: runUrl({ url: webUi.url, namespace }, workflowId, runId, 'user-metadata'),
        isAssumed: webUi.isAssumed,
      },
    }),
  };
}

function runIn({ runId, startTime, closeTime, historyLength }: WorkflowExecutionDescription) {
  return {
    runId,
    startedAt: startTime.toISOString(),
    ...(closeTime && { closedAt: closeTime.toISOString() }),
    historyEvents: historyLength,
  };
}

async function serving(client: Client, name: string): Promise<PurchaseView['queue']> {
  const [workflow, activity] = await Promise.all([
    describeQueue(client, name, 'workflow'),
    describeQueue(client, name, 'activity'),
  ]);
  return { name, workflow, activity };
}
