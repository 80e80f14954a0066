import type { Client } from '@temporalio/client';
import type { MetricMeter } from '@temporalio/common';
import { METRICS } from '../contract/metrics.js';
import { PURCHASE_PHASES, SEARCH_ATTRIBUTES, WORKFLOW_TYPE } from '../contract/names.js';
import { quoted } from '../contract/visibility.js';
import { QUEUE_KINDS, type QueueKind } from '../temporal/queue-kinds.js';
import { gauge } from './instruments.js';

/**
 * Looks up at Temporal what no worker knows by itself: how many purchases of a task queue are in which phase, and
 * how long its tasks wait.
 *
 * @returns looks once.
 */
export function serverGauges(meter: MetricMeter, client: Client, taskQueue: string): () => Promise<void> {
  const purchases = gauge(meter, METRICS.purchases);
  const backlog = gauge(meter, METRICS.backlog);
  const backlogAge = gauge(meter, METRICS.backlogAge);
  const countedAt = gauge(meter, METRICS.purchasesCountedAt);

  const countPhase = async (phase: string): Promise<void> => {
    const { count } = await client.workflow.count(inPhase(taskQueue, phase));
    purchases.set(count, { phase });
  };
  const measureBacklog = async (kind: QueueKind): Promise<void> => {
    const { stats } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: QUEUE_KINDS[kind],
      reportStats: true,
    });
    // Older servers do not tell: nothing is better than a zero that nobody measured.
    if (!stats) return;
    backlog.set(Number(String(stats.approximateBacklogCount ?? 0)), { kind });
    backlogAge.set(Number(String(stats.approximateBacklogAge?.seconds ?? 0)), { kind });
  };

  return async () => {
    // One after the other: there is no hurry, and many workers ask.
    for (const phase of PURCHASE_PHASES) await countPhase(phase);
    await measureBacklog('workflow');
    await measureBacklog('activity');
    countedAt.set(Date.now() / 1_000);
  };
}

/** Without runs that went on as new ones, and those that were ended from outside: their phase is only where they were. */
function inPhase(taskQueue: string, phase: string): string {
  return [
    `WorkflowType = ${quoted(WORKFLOW_TYPE)}`,
    `TaskQueue = ${quoted(taskQueue)}`,
    `${SEARCH_ATTRIBUTES.purchasePhase} = ${quoted(phase)}`,
    `ExecutionStatus NOT IN ('ContinuedAsNew', 'Terminated', 'TimedOut')`,
  ].join(' AND ');
}
