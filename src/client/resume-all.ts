import type { Client } from '@temporalio/client';
import { retrySignal } from '../../workflows/messages.js';
import { SEARCH_ATTRIBUTES, WORKFLOW_TYPE, type PurchasePhase } from '../contract/names.js';
import { quoted } from '../contract/visibility.js';
import { PurchaseError } from './errors.js';

/** Which of the parked purchases are meant. */
export interface ParkedFilter {
  /** Only those of this trading partner. @default all */
  readonly tradingPartnerId?: string;
}

export interface RetryAllOptions extends ParkedFilter {
  /** Told how far it has come, again and again. */
  readonly onProgress?: (soFar: RetriedAll) => void;
}

/** What came of asking all parked purchases to try again. */
export interface RetriedAll {
  readonly asked: number;
  /** How many could not be asked, such as those that ended meanwhile. */
  readonly failed: number;
  /** The batch at Temporal that asked them. Absent when no purchase was parked. */
  readonly jobId?: string;
}

/** Thrown when Temporal ended a batch before all were asked. Asking again asks those that are still parked. */
export class BatchStoppedError extends PurchaseError {
  /** How far it had come. */
  readonly soFar: RetriedAll;

  constructor(soFar: RetriedAll, jobId: string) {
    super(
      `Temporal ended the batch ${jobId} before all were asked (asked: ${soFar.asked}, failed: ${soFar.failed})`,
      undefined,
    );
    this.soFar = soFar;
  }
}

/** What operators see of a batch at Temporal. */
const REASON = 'marketplace retry --all';
/** How often a batch is looked at, in milliseconds. */
const LOOK_MS = 500;
/** Temporal's `BatchOperationState`, whose own module is not for ES modules. */
const STATES = { completed: 2, failed: 3 } as const;

/** How many purchases are parked, by Temporal's lists, which lag a second or so. */
export async function countParked(client: Client, filter: ParkedFilter): Promise<number> {
  return (await client.workflow.count(parkedQuery(filter))).count;
}

/** One batch on the server for all: thousands may be parked, and a call for each would take its time. */
export async function resumeAll(
  client: Client,
  { onProgress, ...filter }: RetryAllOptions,
): Promise<RetriedAll> {
  if ((await countParked(client, filter)) === 0) return { asked: 0, failed: 0 };
  const jobId = crypto.randomUUID();
  const { namespace, identity } = client.options;
  await client.workflowService.startBatchOperation({
    namespace,
    jobId,
    visibilityQuery: parkedQuery(filter),
    reason: REASON,
    signalOperation: { signal: retrySignal.name, identity },
  });
  for (;;) {
    const { soFar, state } = await look(client, jobId);
    if (state === STATES.completed) return soFar;
    if (state === STATES.failed) throw new BatchStoppedError(soFar, jobId);
    onProgress?.(soFar);
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_MS);
    });
  }
}

async function look(client: Client, jobId: string): Promise<{ soFar: RetriedAll; state: number }> {
  const { state, completeOperationCount, failureOperationCount } =
    await client.workflowService.describeBatchOperation({ namespace: client.options.namespace, jobId });
  return {
    soFar: { asked: Number(completeOperationCount), failed: Number(failureOperationCount), jobId },
    state,
  };
}

const PARKED: PurchasePhase = 'ActionRequired';

/** A run that was stopped from outside keeps the phase it had. */
function parkedQuery({ tradingPartnerId: partner }: ParkedFilter): string {
  return [
    `WorkflowType = ${quoted(WORKFLOW_TYPE)}`,
    `${SEARCH_ATTRIBUTES.purchasePhase} = ${quoted(PARKED)}`,
    `ExecutionStatus = 'Running'`,
    ...(partner === undefined ? [] : [`${SEARCH_ATTRIBUTES.tradingPartnerId} = ${quoted(partner)}`]),
  ].join(' AND ');
}
