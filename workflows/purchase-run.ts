import { defineSearchAttributeKey } from '@temporalio/common';
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  setCurrentDetails,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
  type TemporalFailure,
} from '@temporalio/workflow';
import { fairnessKeyOf } from '../src/contract/fairness.js';
import {
  POST_LIFETIME_MS,
  purchaseWorkflowId,
  SEARCH_ATTRIBUTES,
  SUMMARY_MEMO,
  WORKFLOW_TYPE,
} from '../src/contract/names.js';
import type { ResolvedOptions } from '../src/contract/options.js';
import type { Order } from '../src/contract/order.js';
import type { PurchaseInput } from '../src/contract/purchase.js';
import { activitiesFor, type PortalActivities } from './activities.js';
import { describeState } from './current-details.js';
import { idsIn } from './ids.js';
import { countEvent, countStart } from './metrics.js';
import {
  advance,
  beginPurchase,
  failureDetailOf,
  isCancelling,
  isOpen,
  statusOf,
  summaryOf,
  type CancellationWish,
  type PurchaseEvent,
  type PurchaseState,
} from './purchase-state.js';

/** What a run hands to the run that continues it. */
export interface CarriedPurchase {
  readonly state: PurchaseState;
  readonly options: ResolvedOptions;
}

/** From how many history events on a run continues as a new one, if the server asks no sooner. */
const LONG_HISTORY = 2_000;

/** How far the clocks of a worker and of the server may be apart, and a timer late. */
const CLOCK_MARGIN_MS = 60_000;

const keyword = (name: string) => defineSearchAttributeKey(name, 'KEYWORD');
const ATTRIBUTES = {
  externalSubscriptionId: keyword(SEARCH_ATTRIBUTES.externalSubscriptionId),
  tradingPartnerId: keyword(SEARCH_ATTRIBUTES.tradingPartnerId),
  subscriptionNumber: keyword(SEARCH_ATTRIBUTES.subscriptionNumber),
  purchasePhase: keyword(SEARCH_ATTRIBUTES.purchasePhase),
};

/** What is worth two events of history when it changes. */
const PUBLISHED = ['phase', 'subscriptionNumber', 'cancellation', 'amended'] as const;

/** One run of a purchase: its state, what it was asked for meanwhile, and how it shows both to the world. */
export class PurchaseRun {
  /** Whether the server was asked to cancel this very run: only then can it end as Canceled. */
  isCancelRequested = false;
  /** Whether someone wants the portal asked now. */
  pollAsked = false;
  /** Whether a parked purchase is to go on. */
  resumeAsked = false;
  /** Whether the run is about to continue as a new one: waiting handlers answer with what is known. */
  rollingOver = false;
  /** The portal's calls, with this purchase's share of the workers. */
  readonly activities: PortalActivities;
  #input: PurchaseInput;
  #state: PurchaseState;
  #options: ResolvedOptions | undefined;
  #interruptible: CancellationScope | undefined;

  constructor(input: PurchaseInput, carried: CarriedPurchase | undefined) {
    this.#input = input;
    // Only a run that continues another may bring a state: a caller's second argument is ignored.
    const continues = workflowInfo().continuedFromExecutionRunId !== undefined ? carried : undefined;
    this.#state = continues?.state ?? beginPurchase(idsIn(input), Date.now());
    this.#options = continues?.options;
    this.activities = activitiesFor(fairnessKeyOf(this.#state.ids.tradingPartnerId));
    if (continues === undefined) countStart();
    this.#publish();
    this.#describe();
  }

  /** What is bought, as it was last amended. Any caller may have sent anything: checked first of all. */
  get input(): PurchaseInput {
    return this.#input;
  }

  get state(): PurchaseState {
    return this.#state;
  }

  get isOpen(): boolean {
    return isOpen(this.#state.phase);
  }

  /** The options with their defaults, once they were checked. */
  get options(): ResolvedOptions {
    if (this.#options === undefined)
      throw ApplicationFailure.nonRetryable('the purchase was not checked yet');
    return this.#options;
  }

  set options(options: ResolvedOptions) {
    this.#options = options;
  }

  get isChecked(): boolean {
    return this.#options !== undefined;
  }

  /** The workflow ID this purchase must run under; `undefined` when its IDs are no IDs at all. */
  get expectedWorkflowId(): string | undefined {
    const { tradingPartnerId, externalSubscriptionId } = this.#state.ids;
    if (tradingPartnerId === '' || externalSubscriptionId === '') return undefined;
    try {
      return purchaseWorkflowId(this.#state.ids);
    } catch {
      return undefined;
    }
  }

  get #isOwn(): boolean {
    return workflowInfo().workflowId === this.expectedWorkflowId;
  }

  /** Something happened. */
  record(event: PurchaseEvent): void {
    const before = this.#state;
    const at = Date.now();
    this.#state = advance(before, event, at);
    countEvent(before, event, this.#state, at);
    if (PUBLISHED.some((field) => this.#state[field] !== before[field])) this.#publish();
    this.#describe();
  }

  /** Buys another order from now on, and lets the purchase go on. */
  amend(order: Order): void {
    this.#input = { ...this.#input, order };
    this.record({ type: 'OrderAmended' });
    this.resumeAsked = true;
  }

  /** Someone wishes to cancel. A parked purchase goes on, to find out what it can do. */
  wishToCancel(via: CancellationWish['via'], reason?: string): void {
    if (via === 'temporal') this.isCancelRequested = true;
    if (!this.isOpen) return;
    const { cancellation, phase, resumesAs } = this.#state;
    const stopsTracking = via === 'temporal';
    if (cancellation === undefined || (stopsTracking && !cancellation.stopsTracking)) {
      const wish = { requestedAt: Date.now(), via, stopsTracking, ...(reason !== undefined && { reason }) };
      this.record({ type: 'CancelRequested', wish });
    }
    if (this.isCancelling) this.#interruptible?.cancel();
    this.resumeAsked ||= phase === 'ActionRequired' && resumesAs !== 'Provisioning';
  }

  get isCancelling(): boolean {
    return isCancelling(this.#state);
  }

  /** Runs what a cancellation may break off: its activities are told, and it ends as they end. */
  async interruptibly<T>(work: () => Promise<T>): Promise<T> {
    this.#interruptible = new CancellationScope();
    if (this.isCancelling) this.#interruptible.cancel();
    try {
      return await this.#interruptible.run(work);
    } finally {
      this.#interruptible = undefined;
    }
  }

  /** Waits, until a cancellation that can still do something, or until someone wants the portal asked now. */
  async pause(milliseconds: number, summary: string): Promise<void> {
    await condition(() => this.isCancelling || this.pollAsked, milliseconds, { summary });
    this.pollAsked = false;
  }

  /** Like {@link pause}, where a cancellation must not shorten the wait; that a parked purchase is to go on, does. */
  async settle(milliseconds: number, summary: string): Promise<void> {
    await condition(() => this.pollAsked || this.resumeAsked, milliseconds, { summary });
    this.pollAsked = false;
  }

  /** How long after its end an order that a run sent may still turn up, when nobody heard what came of it. */
  get unreportedSettlingMs(): number {
    return POST_LIFETIME_MS + CLOCK_MARGIN_MS + this.options.settling.windowMs;
  }

  /** Whether the history is so long that it is time to continue as a new run. */
  get isLong(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested || historyLength >= LONG_HISTORY;
  }

  /** Continues as a new run when the history is long. Returns when it is not, or when a message is not acted on yet. */
  async continueAsNewWhenLong(): Promise<void> {
    if (!this.isLong) return;
    if (this.pollAsked || this.resumeAsked) return;
    this.rollingOver = true;
    await condition(allHandlersFinished);
    this.rollingOver = false;
    if (this.pollAsked || this.resumeAsked) return;
    await continueAsNew<(input: PurchaseInput, carried: CarriedPurchase) => Promise<unknown>>(this.input, {
      state: this.#state,
      options: this.options,
    });
  }

  /** What a purchase that ended without a license throws. */
  failure(): TemporalFailure {
    const detail = failureDetailOf(this.#state);
    const { phase, lastError } = this.#state;
    if (phase === 'Cancelled') return new CancelledFailure('the purchase was cancelled', [detail]);
    return ApplicationFailure.create({
      type: lastError?.type ?? 'UnknownOutcome',
      message: lastError?.message ?? `${WORKFLOW_TYPE} ended as ${phase}`,
      nonRetryable: true,
      details: [detail],
    });
  }

  /** Shows the state on the run's page in the Web UI, while a worker runs. */
  #describe(): void {
    const { namespace, workflowId } = workflowInfo();
    setCurrentDetails(
      describeState(statusOf(this.#state), this.#isOwn ? { namespace, workflowId } : undefined),
    );
  }

  /** Shows the state where it is found without a worker: search attributes and memo. */
  #publish(): void {
    const { ids, phase, subscriptionNumber } = this.#state;
    upsertSearchAttributes([
      { key: ATTRIBUTES.purchasePhase, value: phase },
      // A run under a foreign ID must not be found by the IDs of a purchase that is not its own.
      ...(this.#isOwn
        ? [
            { key: ATTRIBUTES.externalSubscriptionId, value: ids.externalSubscriptionId },
            { key: ATTRIBUTES.tradingPartnerId, value: ids.tradingPartnerId },
          ]
        : []),
      ...(subscriptionNumber === undefined
        ? []
        : [{ key: ATTRIBUTES.subscriptionNumber, value: subscriptionNumber }]),
    ]);
    upsertMemo({ [SUMMARY_MEMO]: summaryOf(this.#state, Date.now()) });
  }
}
