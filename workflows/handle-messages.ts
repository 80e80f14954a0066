import { ApplicationFailure, CancellationScope, condition, log, setHandler } from '@temporalio/workflow';
import { parseDuration } from '../src/contract/duration.js';
import { GITLAB_CONTACT } from '../src/contract/names.js';
import type {
  CancelPurchaseAnswer,
  CancelRequest,
  OrderPlacedAnswer,
  OrderPlacedRequest,
} from '../src/contract/purchase.js';
import { sameJson } from '../src/contract/same-json.js';
import { amendOrder, checkAmendment } from './amend-order.js';
import {
  amendOrderUpdate,
  cancelPurchaseUpdate,
  cancelSignal,
  orderPlacedUpdate,
  pollSignal,
  retrySignal,
  statusQuery,
} from './messages.js';
import type { PurchaseRun } from './purchase-run.js';
import { effectOf, isPlaced, statusOf } from './purchase-state.js';

/** Lets the world ask about a purchase and say what it wishes. Handlers set flags; the purchase itself acts. */
export function handleMessages(run: PurchaseRun): void {
  setHandler(statusQuery, () => statusOf(run.state), {
    description: 'Where the purchase stands, what happened, and what a person must do. Takes no argument.',
  });
  setHandler(cancelSignal, (request) => run.wishToCancel('signal', reasonIn(request)), {
    description:
      'Do not place the order. Once it exists, the wish is recorded and the order stands. Takes {"reason": "…"} or nothing.',
  });
  setHandler(retrySignal, () => askToResume(run), {
    description: 'A parked purchase tries again now; otherwise ignored. Takes no argument.',
  });
  setHandler(pollSignal, () => askToPoll(run), {
    description: 'Ask the portal now instead of waiting for the timer. Takes no argument.',
  });
  setHandler(orderPlacedUpdate, (request) => orderPlaced(run, request), {
    validator: (request) => checkOrderPlaced(run, request),
    description:
      'Answers with the subscription number as soon as the order exists. Takes {"within": "10s"} or nothing.',
  });
  setHandler(cancelPurchaseUpdate, (request) => cancelPurchase(run, request), {
    description:
      'Cancels, and answers "not-placed" or "too-late" once that is known. Takes {"reason": "…"} or nothing.',
  });
  setHandler(amendOrderUpdate, (order) => amendOrder(run, order), {
    validator: (order) => checkAmendment(run, order),
    description:
      'Replaces the order of a parked purchase that the portal does not have, and goes on. Takes the whole order.',
  });
}

function askToResume(run: PurchaseRun): void {
  if (run.state.phase === 'ActionRequired') run.resumeAsked = true;
}

function askToPoll(run: PurchaseRun): void {
  run.pollAsked = run.state.phase !== 'ActionRequired';
}

async function orderPlaced(
  run: PurchaseRun,
  request: OrderPlacedRequest | undefined,
): Promise<OrderPlacedAnswer> {
  await waitFor(() => isPlaced(run.state) || isAtRest(run), parseDuration(request?.within));
  if (!run.isOpen && !isPlaced(run.state)) throw run.failure();
  const { phase, ids, subscriptionNumber, actionRequired } = run.state;
  return {
    phase,
    ...ids,
    ...(subscriptionNumber !== undefined && { subscriptionNumber }),
    ...(actionRequired !== undefined && { actionRequired }),
  };
}

async function cancelPurchase(
  run: PurchaseRun,
  request: CancelRequest | undefined,
): Promise<CancelPurchaseAnswer> {
  run.wishToCancel('update', reasonIn(request));
  await waitFor(() => effectOf(run.state) !== undefined || isAtRest(run));
  const effect = effectOf(run.state);
  const { phase, subscriptionNumber, actionRequired } = run.state;
  if (effect === undefined) {
    throw ApplicationFailure.create({
      type: 'UnknownOutcome',
      message: run.isOpen
        ? `the wish to cancel is recorded, but whether an order exists is not known yet. ${actionRequired ?? 'Ask again.'}`
        : 'the purchase has ended, and whether an order exists could not be found out',
      nonRetryable: true,
    });
  }
  return {
    effect,
    phase,
    ...(subscriptionNumber !== undefined && { subscriptionNumber }),
    ...(effect === 'too-late' && { contact: GITLAB_CONTACT }),
  };
}

/**
 * Waits in a scope of its own: Temporal's cancellation must not break off an answer that the purchase,
 * which hears of it too, is about to give.
 */
async function waitFor(isDone: () => boolean, milliseconds?: number): Promise<void> {
  await CancellationScope.nonCancellable(async () => {
    if (milliseconds === undefined) await condition(isDone);
    else await condition(isDone, milliseconds, { summary: 'A caller waits for the subscription number' });
  });
}

/** Nothing more will happen soon: the purchase has ended, waits for a person, or continues as a new run. */
function isAtRest(run: PurchaseRun): boolean {
  const isParked = run.state.phase === 'ActionRequired' && !run.resumeAsked;
  return !run.isOpen || isParked || run.rollingOver;
}

function checkOrderPlaced(run: PurchaseRun, request: unknown): void {
  if (request === undefined || request === null) return;
  if (typeof request !== 'object') {
    throw invalid('orderPlaced takes an object with "within" and "order", or nothing');
  }
  const within: unknown = Reflect.get(request, 'within');
  if (within !== undefined && parseDuration(within) === undefined) {
    throw invalid('orderPlaced: "within" must be a duration such as "10s"');
  }
  const order: unknown = Reflect.get(request, 'order');
  if (order !== undefined && !sameJson(order, run.input.order)) {
    throw ApplicationFailure.create({
      type: 'OrderConflict',
      message: 'a purchase with these IDs runs already, for another order',
      nonRetryable: true,
      details: [run.state.ids],
    });
  }
}

function invalid(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'InvalidOrder');
}

/** Anyone may send anything with a signal: what is no reason is left out. */
function reasonIn(request: unknown): string | undefined {
  if (request === undefined || request === null) return undefined;
  const reason: unknown = typeof request === 'object' ? Reflect.get(request, 'reason') : undefined;
  if (typeof reason === 'string') return reason.slice(0, 200);
  if (reason === undefined && typeof request === 'object') return undefined;
  log.warn('A request to cancel came without a readable reason; it counts all the same');
  return undefined;
}
