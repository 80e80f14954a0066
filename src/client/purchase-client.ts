import {
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
} from '@temporalio/client';
import {
  amendOrderUpdate,
  cancelPurchaseUpdate,
  orderPlacedUpdate,
  pollSignal,
  retrySignal,
  statusQuery,
} from '../../workflows/messages.js';
import type { PurchaseWorkflow } from '../../workflows/purchase.js';
import { parseDuration } from '../contract/duration.js';
import { fairnessKeyOf } from '../contract/fairness.js';
import { markdownCode } from '../contract/markdown.js';
import {
  purchaseWorkflowId,
  TASK_QUEUE,
  WORKFLOW_TYPE,
  type PurchaseIds,
  type PurchasePhase,
} from '../contract/names.js';
import type { PurchaseOptions } from '../contract/options.js';
import type { Order } from '../contract/order.js';
import { describeProblems, problemsOf } from '../contract/problems.js';
import {
  amendOrderAnswerSchema,
  cancelPurchaseAnswerSchema,
  orderPlacedAnswerSchema,
  purchaseInputSchema,
  purchaseResultSchema,
  purchaseStatusSchema,
  type AmendOrderAnswer,
  type CancelPurchaseAnswer,
  type CancelRequest,
  type OrderPlacedAnswer,
  type PurchaseInput,
  type PurchaseResult,
} from '../contract/purchase.js';
import { sameJson } from '../contract/same-json.js';
import { hadNoOrder, quoted, summaryIn } from '../contract/visibility.js';
import {
  NoWorkerError,
  PurchaseCancelledError,
  PurchaseEndedError,
  PurchaseError,
  PurchaseFailedError,
  PurchaseNotFoundError,
  PurchasePendingError,
} from './errors.js';
import { isUnanswered, toPurchaseError } from './failures.js';
import {
  countPurchases,
  visibilityQuery,
  type CountFilter,
  type ListFilter,
  type PurchaseCounts,
} from './list-filter.js';
import { readOrder } from './read-order.js';
import {
  listing,
  serverReport,
  subscriptionNumberIn,
  type PurchaseListing,
  type PurchaseReport,
  type RunInfo,
} from './report.js';
import {
  countParked,
  resumeAll,
  type ParkedFilter,
  type RetriedAll,
  type RetryAllOptions,
} from './resume-all.js';

export interface PurchaseClientOptions {
  /** The task queue of the workers. @default "marketplace-purchases" */
  readonly taskQueue?: string;
}

/** How one purchase is started. */
export interface StartOptions {
  /** How the purchase waits. A purchase that runs already keeps the options it began with. */
  readonly options?: PurchaseOptions;
}

export interface PurchaseRequestOptions extends StartOptions {
  /** How long to wait for the order to exist, as a duration. @default "30s" */
  readonly within?: string;
}

export interface CancelOptions extends CancelRequest {
  /** How long to wait for the answer, as a duration. @default "30s" */
  readonly within?: string;
}

export interface AmendOptions {
  /** How long to wait for the answer, as a duration. @default "30s" */
  readonly within?: string;
}

/** An order that exists at the portal. */
export interface PlacedPurchase extends PurchaseIds {
  readonly workflowId: string;
  readonly phase: PurchasePhase;
  /** Absent only when no answer of the portal had one. */
  readonly subscriptionNumber?: string;
}

export interface StartedPurchase {
  readonly workflowId: string;
  readonly runId: string;
}

/** How long a worker may take for an answer that needs no portal, in milliseconds. */
const ANSWER_MS = 5_000;

/**
 * Buys GitLab subscriptions for a partner's backend. Works with any Temporal `Client` the backend has, with
 * its namespace, data converter and interceptors.
 *
 * A purchase is named by its two IDs. Calling again with the same order is always safe: it finds the purchase
 * that exists. Another order under the same IDs is refused with `OrderConflict`.
 */
export class PurchaseClient {
  readonly #client: Client;
  readonly #taskQueue: string;

  constructor(client: Client, { taskQueue = TASK_QUEUE }: PurchaseClientOptions = {}) {
    this.#client = client;
    this.#taskQueue = taskQueue;
  }

  /**
   * Buys: starts the purchase, or finds the one that exists, and answers as soon as the order exists at the
   * portal. Its license is provisioned later: see {@link waitForResult}.
   *
   * @throws PurchaseFailedError `InvalidOrder` (before anything is called), `OrderConflict`, or what the
   * purchase failed with. PurchasePendingError when `within` passed, a person is needed, or no worker
   * answered: the purchase goes on. PurchaseCancelledError when it was cancelled.
   */
  async purchase(
    order: Order,
    { within = '30s', ...start }: PurchaseRequestOptions = {},
  ): Promise<PlacedPurchase> {
    const withinMs = milliseconds(within);
    const operation = this.#startOperation(order, start);
    const { workflowId } = operation.options;
    await this.#refuseOtherOrder(order, workflowId);
    try {
      // A server that gets no answer from a worker must not hold the caller.
      const answer = await this.#client.connection.withDeadline(Date.now() + withinMs + ANSWER_MS, () =>
        this.#client.workflow.executeUpdateWithStart(orderPlacedUpdate, {
          args: [{ within, order }],
          startWorkflowOperation: operation,
        }),
      );
      return placedPurchase(orderPlacedAnswerSchema.parse(answer), workflowId);
    } catch (error) {
      return await this.#afterUpdateFailed(error, workflowId, order);
    }
  }

  /**
   * Starts the purchase without waiting for anything, or finds the one that exists.
   *
   * @throws PurchaseFailedError `InvalidOrder` (before anything is called) or `OrderConflict`.
   */
  async start(order: Order, options: StartOptions = {}): Promise<StartedPurchase> {
    const { options: start } = this.#startOperation(order, options);
    const { workflowId } = start;
    await this.#refuseOtherOrder(order, workflowId);
    try {
      const { firstExecutionRunId } = await this.#client.workflow.start<typeof PurchaseWorkflow>(
        WORKFLOW_TYPE,
        start,
      );
      // It may be another caller's, begun since the look above.
      const run = await this.#client.workflow.getHandle(workflowId, firstExecutionRunId).describe();
      const started = await readOrder(this.#client, run);
      if (!sameJson(started, order)) throw orderConflict(workflowId);
      return { workflowId, runId: firstExecutionRunId };
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      return { workflowId, runId: (await this.#existing(workflowId)).runId };
    }
  }

  /**
   * Where a purchase stands. When no worker answers, what the server keeps of it, and how old that is.
   *
   * @throws PurchaseNotFoundError
   */
  async status(ids: PurchaseIds): Promise<PurchaseReport> {
    const workflowId = purchaseWorkflowId(ids);
    const description = await this.#existing(workflowId);
    try {
      const answer = await this.#client.connection.withDeadline(Date.now() + ANSWER_MS, () =>
        this.#handle(workflowId).query(statusQuery),
      );
      return {
        workflowId,
        runStatus: description.status.name,
        answeredBy: 'worker',
        asOf: new Date().toISOString(),
        status: purchaseStatusSchema.parse(answer),
      };
    } catch (error) {
      if (!isUnanswered(error)) throw toPurchaseError(error, workflowId);
      return serverReport(description, ids);
    }
  }

  /**
   * Waits for the end of a purchase, which may take days.
   *
   * @throws PurchaseFailedError, PurchaseCancelledError, PurchaseStoppedError, PurchaseNotFoundError
   */
  async waitForResult(ids: PurchaseIds): Promise<PurchaseResult> {
    return this.#result(purchaseWorkflowId(ids));
  }

  /**
   * Cancels, and answers what that could do: `not-placed`, or `too-late` because the order exists.
   *
   * @throws PurchaseNotFoundError, PurchaseEndedError. PurchaseFailedError `UnknownOutcome`
   * when whether an order exists cannot be found out; the wish is recorded. NoWorkerError when there was no
   * answer within the time: the status tells whether the wish was recorded.
   */
  async cancel(
    ids: PurchaseIds,
    { within = '30s', ...request }: CancelOptions = {},
  ): Promise<CancelPurchaseAnswer> {
    const workflowId = purchaseWorkflowId(ids);
    try {
      return cancelPurchaseAnswerSchema.parse(
        await this.#client.connection.withDeadline(Date.now() + milliseconds(within), () =>
          this.#handle(workflowId).executeUpdate(cancelPurchaseUpdate, { args: [request] }),
        ),
      );
    } catch (error) {
      throw await this.#undelivered(error, workflowId);
    }
  }

  /**
   * Replaces the order of a parked purchase that the portal does not have, such as one that it refused, and
   * lets the purchase go on. The order's two IDs name the purchase.
   *
   * @throws PurchaseFailedError `InvalidOrder`; `OrderConflict` when the purchase is not parked, or an order
   * exists or may exist; what the portal's client fails with when the portal does not say whether it has one.
   * PurchaseNotFoundError, PurchaseEndedError. NoWorkerError when there was no answer within the time.
   */
  async amend(order: Order, { within = '30s' }: AmendOptions = {}): Promise<AmendOrderAnswer> {
    checkedInput(order);
    const workflowId = purchaseWorkflowId(order);
    try {
      return amendOrderAnswerSchema.parse(
        await this.#client.connection.withDeadline(Date.now() + milliseconds(within), () =>
          this.#handle(workflowId).executeUpdate(amendOrderUpdate, { args: [order] }),
        ),
      );
    } catch (error) {
      throw await this.#undelivered(error, workflowId);
    }
  }

  /**
   * Lets a parked purchase try again now; otherwise nothing happens.
   *
   * @throws PurchaseNotFoundError, PurchaseEndedError
   */
  async retry(ids: PurchaseIds): Promise<void> {
    await this.#signal(ids, retrySignal);
  }

  /** How many purchases are parked. Temporal's lists lag a second or so. */
  async countParked(filter: ParkedFilter = {}): Promise<number> {
    return countParked(this.#client, filter);
  }

  /**
   * Lets all parked purchases try again now, by one batch on the server, and answers once all were asked. One
   * that was parked within the last second or so may be missed: Temporal's lists lag.
   *
   * @throws BatchStoppedError when Temporal ended the batch early. Temporal's own error when it takes none: it
   * runs few batches at a time, and is asked again for about a minute.
   */
  async retryAll(options: RetryAllOptions = {}): Promise<RetriedAll> {
    return resumeAll(this.#client, options);
  }

  /**
   * Lets a purchase ask the portal now instead of waiting for its timer.
   *
   * @throws PurchaseNotFoundError, PurchaseEndedError
   */
  async poll(ids: PurchaseIds): Promise<void> {
    await this.#signal(ids, pollSignal);
  }

  /** How many purchases match, by where they stand. Needs no worker; Temporal's lists lag a second or so. */
  async count(filter: CountFilter = {}): Promise<PurchaseCounts> {
    return countPurchases(this.#client, filter);
  }

  /** The purchases that match, newest first. Needs no worker. */
  async *list({ limit = 100, ...filter }: ListFilter = {}): AsyncGenerator<PurchaseListing> {
    let left = limit;
    const pageSize = Math.max(1, Math.min(limit, 200));
    for await (const info of this.#client.workflow.list({ query: visibilityQuery(filter), pageSize })) {
      if (left-- <= 0) return;
      const item = listing(info);
      if (item) yield item;
    }
  }

  async #signal(ids: PurchaseIds, signal: typeof retrySignal | typeof pollSignal): Promise<void> {
    const workflowId = purchaseWorkflowId(ids);
    try {
      await this.#handle(workflowId).signal(signal);
    } catch (error) {
      throw await this.#undelivered(error, workflowId);
    }
  }

  /** A message that found no open run: there is none, or it has ended. */
  async #undelivered(error: unknown, workflowId: string): Promise<unknown> {
    const known = toPurchaseError(error, workflowId);
    const hasEnded =
      known instanceof PurchaseNotFoundError && (await this.#describe(workflowId)) !== undefined;
    return hasEnded ? new PurchaseEndedError(workflowId) : known;
  }

  #startOperation(order: Order, { options }: StartOptions) {
    return new WithStartWorkflowOperation<typeof PurchaseWorkflow>(WORKFLOW_TYPE, {
      workflowId: purchaseWorkflowId(order),
      taskQueue: this.#taskQueue,
      args: [checkedInput(order, options)],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `GitLab subscription ${order.externalSubscriptionId}`,
      staticDetails: staticDetails(order),
      // One partner's flood delays its own purchases only.
      priority: { fairnessKey: fairnessKeyOf(order.tradingPartnerId) },
    });
  }

  /**
   * The same IDs with another order: refused while the old order exists or may exist. Temporal alone would
   * hand out the old purchase, or start one that adopts the old order.
   */
  async #refuseOtherOrder(order: Order, workflowId: string): Promise<void> {
    const existing = await this.#latestRunWithAnOrder(workflowId);
    if (existing === undefined) return;
    if (existing.status.name !== 'RUNNING' && summaryIn(existing.memo)?.order === 'not-placed') return;
    const other = await readOrder(this.#client, existing);
    if (!sameJson(other, order)) throw orderConflict(workflowId);
  }

  /** The latest run but for those that were given no order of these IDs. */
  async #latestRunWithAnOrder(workflowId: string): Promise<RunInfo | undefined> {
    const latest = await this.#describe(workflowId);
    if (latest === undefined || !hadNoOrder(latest.memo)) return latest;
    const query = `WorkflowId = ${quoted(workflowId)}`;
    for await (const run of this.#client.workflow.list({ query })) {
      if (!hadNoOrder(run.memo)) return run;
    }
    return undefined;
  }

  /** An update that failed: the purchase may have ended before it could answer. */
  async #afterUpdateFailed(error: unknown, workflowId: string, order: Order): Promise<PlacedPurchase> {
    const known = toPurchaseError(error, workflowId);
    if (known instanceof PurchaseError && !(known instanceof NoWorkerError)) throw known;
    const existing = await this.#describe(workflowId);
    if (existing !== undefined && known instanceof NoWorkerError) {
      throw new PurchasePendingError('no worker answered in time; the purchase is started', workflowId);
    }
    if (existing === undefined || existing.status.name === 'RUNNING') throw error;
    await this.#refuseOtherOrder(order, workflowId);
    return placedPurchase({ ...(await this.#result(workflowId)), phase: 'Provisioned' }, workflowId);
  }

  async #result(workflowId: string): Promise<PurchaseResult> {
    try {
      return purchaseResultSchema.parse(await this.#handle(workflowId).result());
    } catch (error) {
      const known = toPurchaseError(error, workflowId);
      if (!(known instanceof PurchaseCancelledError)) throw known;
      // The server's record of a cancelled run has no room for it.
      throw new PurchaseCancelledError(workflowId, subscriptionNumberIn(await this.#existing(workflowId)));
    }
  }

  #handle(workflowId: string): WorkflowHandle<typeof PurchaseWorkflow> {
    return this.#client.workflow.getHandle<typeof PurchaseWorkflow>(workflowId);
  }

  async #existing(workflowId: string): Promise<WorkflowExecutionDescription> {
    try {
      return await this.#handle(workflowId).describe();
    } catch (error) {
      throw toPurchaseError(error, workflowId);
    }
  }

  async #describe(workflowId: string): Promise<WorkflowExecutionDescription | undefined> {
    try {
      return await this.#handle(workflowId).describe();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }
}

/** What the Web UI shows of every purchase, in whatever state: nothing of the customer's. */
function staticDetails({ externalSubscriptionId, tradingPartnerId }: PurchaseIds): string {
  return [
    `Buys order ${markdownCode(externalSubscriptionId)} of trading partner ${markdownCode(tradingPartnerId)} at GitLab's Customers Portal.`,
    'Where it stands, why, and what to do: **Current Details**, while a worker runs; else the tab **Memo**.',
  ].join('\n\n');
}

/** An order that is not valid goes no further than this. One that is goes as it was given, not as a copy. */
function checkedInput(order: Order, options?: PurchaseOptions): PurchaseInput {
  const input = { order, ...(options && { options }) };
  const checked = purchaseInputSchema.safeParse(input);
  if (checked.success) return input;
  const problems = problemsOf(checked.error);
  throw new PurchaseFailedError('InvalidOrder', describeProblems(problems), { problems });
}

function milliseconds(within: string): number {
  const parsed = parseDuration(within);
  if (parsed === undefined) throw new RangeError('"within" must be a duration such as "10s"');
  return parsed;
}

function placedPurchase(answer: OrderPlacedAnswer, workflowId: string): PlacedPurchase {
  const { phase, externalSubscriptionId, tradingPartnerId, subscriptionNumber, actionRequired } = answer;
  if (phase === 'Placing') throw new PurchasePendingError('the order is not placed yet', workflowId, phase);
  if (phase === 'Confirming') {
    throw new PurchasePendingError('whether the order was placed is being found out', workflowId, phase);
  }
  if (phase === 'ActionRequired' && subscriptionNumber === undefined) {
    throw new PurchasePendingError('a person must act first', workflowId, phase, actionRequired);
  }
  return {
    workflowId,
    externalSubscriptionId,
    tradingPartnerId,
    phase,
    ...(subscriptionNumber !== undefined && { subscriptionNumber }),
  };
}

function orderConflict(workflowId: string): PurchaseFailedError {
  const message = 'a purchase with these IDs exists, for another order; each order needs IDs of its own';
  return new PurchaseFailedError('OrderConflict', message, {}, workflowId);
}
