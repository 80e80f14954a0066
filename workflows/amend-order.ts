import { ActivityFailure, ApplicationFailure, CancellationScope, condition } from '@temporalio/workflow';
import type { FailureType } from '../src/contract/names.js';
import type { Order } from '../src/contract/order.js';
import type { AmendOrderAnswer } from '../src/contract/purchase.js';
import { validatePurchase } from './activities.js';
import { errorFrom } from './failures.js';
import { idsIn } from './ids.js';
import type { PurchaseRun } from './purchase-run.js';
import { isPlaced } from './purchase-state.js';

/**
 * Refuses an amendment that comes at the wrong time or is for another purchase.
 *
 * @throws ApplicationFailure `OrderConflict` or `InvalidOrder`.
 */
export function checkAmendment(run: PurchaseRun, order: unknown): void {
  const { tradingPartnerId, externalSubscriptionId } = idsIn({ order });
  const { ids } = run.state;
  if (tradingPartnerId !== ids.tradingPartnerId || externalSubscriptionId !== ids.externalSubscriptionId) {
    throw refusal('InvalidOrder', 'amendOrder takes a whole order, with the two IDs that the purchase has');
  }
  const reason = whyNot(run);
  if (reason !== undefined) throw refusal('OrderConflict', `the order cannot be amended: ${reason}`);
}

/**
 * Replaces the order of a parked purchase, which then goes on. Nothing is replaced unless the portal, asked now,
 * says that it has no order of these IDs.
 *
 * @throws ApplicationFailure `InvalidOrder`; `OrderConflict` when the portal has an order, or the purchase went
 * on meanwhile; what the portal's client fails with when the portal does not say.
 */
export async function amendOrder(run: PurchaseRun, order: Order): Promise<AmendOrderAnswer> {
  await CancellationScope.nonCancellable(async () => {
    await checkOrder(order);
    await lookForOrder(run);
  });
  checkAmendment(run, order);
  run.amend(order);
  await CancellationScope.nonCancellable(() => condition(() => !run.resumeAsked || run.rollingOver));
  return { phase: run.state.phase, ...run.state.ids };
}

function whyNot({ state, isCancelling, resumeAsked }: PurchaseRun): string | undefined {
  if (isPlaced(state)) return 'it exists at the portal';
  if (state.phase !== 'ActionRequired' || resumeAsked) return 'the purchase is not parked';
  if (state.doubt !== undefined) return 'whether it exists at the portal is not known';
  return isCancelling ? 'the purchase is being cancelled' : undefined;
}

async function checkOrder(order: Order): Promise<void> {
  try {
    await validatePurchase({ order });
  } catch (failure) {
    // What cannot even be handed to an activity, such as endless nesting, is no order.
    throw typed(failure, failure instanceof ActivityFailure ? 'UnexpectedResponse' : 'InvalidOrder');
  }
}

async function lookForOrder({ state, unreportedSettlingMs, activities }: PurchaseRun): Promise<void> {
  const request = { ...state.ids, earlierRunSettlingMs: unreportedSettlingMs };
  const subscription = await activities.lookNow(request).catch((failure: unknown) => {
    throw typed(failure, 'PortalUnavailable');
  });
  if (subscription.found)
    throw refusal('OrderConflict', 'the order cannot be amended: it exists at the portal');
  if (subscription.settlingMs !== undefined) {
    throw refusal(
      'OrderConflict',
      'the order cannot be amended: an earlier run may have sent it; retry first',
    );
  }
}

/** What an activity failed with, as a caller in any language tells it: by its type. */
function typed(failure: unknown, otherwise: FailureType): ApplicationFailure {
  const { type, message, detail } = errorFrom(failure, otherwise, Date.now());
  return ApplicationFailure.create({ type, message, nonRetryable: true, details: [detail ?? {}] });
}

function refusal(type: FailureType, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, type);
}
