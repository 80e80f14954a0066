import {
  ActivityFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  patched,
  workflowInfo,
} from '@temporalio/workflow';
import type { SubscriptionStatus } from '../activities/api.js';
import { SCOPES, type FailureType } from '../src/contract/names.js';
import type { PurchaseInput, PurchaseResult } from '../src/contract/purchase.js';
import { MOST_TROUBLED_CALLS, PORTAL_BACKOFF, PORTAL_BUDGET_MS, validatePurchase } from './activities.js';
import { adviceFor } from './advice.js';
import { intervalAfter } from './backoff.js';
import { errorFrom, isReportedByWorker, needsPerson, retryAfterOf } from './failures.js';
import { handleMessages } from './handle-messages.js';
import { PurchaseRun, type CarriedPurchase } from './purchase-run.js';
import { resultOf, type PurchaseError, type ResumablePhase } from './purchase-state.js';
import { isExcusable, isOurs, troubleAfter, troubleAfterAsOfOld, type Trouble } from './trouble.js';

/** POSTs of unknown outcome, one after the other, before a person is asked. */
const MOST_UNKNOWN_POSTS = 3;

/** How long a purchase that ends waits for a portal that asks to be left alone, to learn whether an order exists. */
const LAST_LOOK_PATIENCE_MS = 15 * 60_000;

/**
 * Buys a GitLab subscription: places exactly one order at the Customers Portal and follows it until its
 * license is provisioned.
 *
 * Completes only when provisioned. Fails with a typed `ApplicationFailure` when the order was refused, the
 * portal says that it failed, or a deadline passed. Ends as Canceled when it was cancelled in time.
 *
 * @param carried what the run that this one continues knew; ignored in a run that continues none.
 */
export async function PurchaseWorkflow(
  input: PurchaseInput,
  carried?: CarriedPurchase,
): Promise<PurchaseResult> {
  const run = new PurchaseRun(input, carried);
  handleMessages(run);
  // Temporal's own cancellation is a wish like the others: heard here, heeded by the steps.
  CancellationScope.current().cancelRequested.catch(() => run.wishToCancel('temporal'));
  return CancellationScope.nonCancellable(async () => {
    if (!run.isChecked) await check(run);
    while (run.isOpen) await nextStep(run);
    return conclude(run);
  });
}

async function check(run: PurchaseRun): Promise<void> {
  const { workflowId } = workflowInfo();
  const expected = run.expectedWorkflowId;
  if (expected !== undefined && expected !== workflowId) {
    return fail(run, errorNow('WorkflowIdMismatch', `this order must run under the workflow ID ${expected}`));
  }
  try {
    run.options = await validatePurchase(run.input);
  } catch (failure) {
    // What cannot even be handed to an activity, such as endless nesting, is no order.
    const otherwise = failure instanceof ActivityFailure ? 'UnexpectedResponse' : 'InvalidOrder';
    fail(run, errorFrom(failure, otherwise, Date.now()));
  }
}

async function nextStep(run: PurchaseRun): Promise<void> {
  await run.continueAsNewWhenLong();
  switch (run.state.phase) {
    case 'Placing':
      return place(run);
    case 'Confirming':
      return confirm(run);
    case 'Provisioning':
      return track(run);
    default:
      return waitForPerson(run);
  }
}

/** Placing: one try to place the order. */
async function place(run: PurchaseRun): Promise<void> {
  if (run.isCancelling) return cancelUnplaced(run);
  try {
    await run.interruptibly(() => fetchCreateToken(run));
  } catch (failure) {
    // The next step sees the wish to cancel.
    if (isCancellation(failure)) return;
    return endureTrouble(run, errorFrom(failure, 'PortalUnavailable', Date.now()), 'Placing');
  }
  try {
    const placed = await run.interruptibly(() =>
      run.activities.placeOrder({
        order: run.input.order,
        repeated: run.state.posts > 0,
        earlierRunSettlingMs: run.unreportedSettlingMs,
      }),
    );
    beginTracking(run, placed.adopted ? 'OrderFound' : 'OrderPlaced', placed);
  } catch (failure) {
    if (isCancellation(failure)) return;
    await considerUnplaced(run, failure);
  }
}

async function fetchCreateToken(run: PurchaseRun): Promise<void> {
  const { tradingPartnerId } = run.state.ids;
  const token = await run.activities.fetchToken({ tradingPartnerId, scope: SCOPES.create });
  run.record({ type: 'TokenFetched', detail: `${token.scope}, good until ${token.expiresAt}` });
}

/** Cancelled before this run placed anything. An earlier run may have: the portal is asked before that is said. */
async function cancelUnplaced(run: PurchaseRun): Promise<void> {
  // Runs that began before believed what the portal had said of old, though a reset run may be older than that.
  if (!run.state.knownAbsent || patched('look-before-each-cancellation')) {
    const subscription = await lookBeforeTheEnd(run);
    if (subscription?.found) return beginTracking(run, 'OrderFound', subscription);
    if (subscription?.settlingMs !== undefined) {
      const error = errorNow('UnknownOutcome', 'an earlier run of this purchase may have sent the order');
      return beginDoubt(run, { ...error, detail: { settlingMs: subscription.settlingMs } }, true);
    }
  }
  run.record({ type: 'Cancelled' });
}

/** Looks for an order that another may have placed. Without an answer, the purchase says no more than it knows. */
async function lookBeforeTheEnd(run: PurchaseRun): Promise<SubscriptionStatus | undefined> {
  const givesUpAt = Date.now() + LAST_LOOK_PATIENCE_MS;
  const request = { ...run.state.ids, earlierRunSettlingMs: run.unreportedSettlingMs };
  while (!run.resumeAsked) {
    try {
      const subscription = await run.activities.lookOnce(request);
      const isKnownAbsent = !subscription.found && subscription.settlingMs === undefined;
      run.record({ type: isKnownAbsent ? 'OrderNotFound' : 'OrderUncertain' });
      return subscription;
    } catch (failure) {
      const error = errorFrom(failure, 'PortalUnavailable', Date.now());
      if (!(await awaitLastLook(run, error, givesUpAt))) break;
    }
  }
  run.record({ type: 'OrderUncertain' });
  return undefined;
}

/** Waits where it is known when the portal can be asked again. `false`, at once, when that is not soon enough. */
async function awaitLastLook(run: PurchaseRun, error: PurchaseError, givesUpAt: number): Promise<boolean> {
  const wait = needsPerson(error.type) ? 0 : retryAfterOf(error);
  // Runs that began before gave up at the first failure.
  if (wait === 0 || error.at + wait > givesUpAt || !patched('wait-for-the-last-look')) return false;
  // A parked purchase stays what it is, whatever it learns at its end.
  if (run.state.phase === 'Placing') recordTrouble(run, error, error.at + wait);
  await run.settle(wait, `Wait for the portal (${error.type}) to learn whether the order exists`);
  return true;
}

/** Placing ended without a subscription: what now? */
async function considerUnplaced(run: PurchaseRun, failure: unknown): Promise<void> {
  const error = errorFrom(failure, 'UnknownOutcome', Date.now());
  switch (error.type) {
    case 'UnknownOutcome':
      return beginDoubt(run, error, isReportedByWorker(failure));
    case 'OrderRejected':
      return reject(run, error);
    default:
      return endureTrouble(run, error, 'Placing');
  }
}

/** Whether the order was placed is not known: nothing more is sent until that is found out. */
function beginDoubt(run: PurchaseRun, error: PurchaseError, isReported: boolean): void {
  const reportedMs = error.detail?.settlingMs ?? run.options.settling.windowMs;
  // A worker that nobody hears of may still send its POST: the window begins when it cannot any more.
  const settlingMs = isReported ? reportedMs : run.unreportedSettlingMs;
  run.record({ type: 'OutcomeUnknown', error, settlingMs });
}

/** Confirming: one look for an order whose POST had no clear answer. A cancellation waits for its outcome. */
async function confirm(run: PurchaseRun): Promise<void> {
  const { initialIntervalMs, maximumIntervalMs } = run.options.settling;
  const { settledAt, lookups } = run.state.doubt ?? { settledAt: Date.now(), lookups: 0 };
  const backoff = { initialIntervalMs, backoffCoefficient: 2, maximumIntervalMs };
  const interval = intervalAfter(backoff, lookups, Math.random);
  const wait = Math.max(1, Math.min(interval, settledAt - Date.now()));
  run.record({ type: 'LookupScheduled', nextPollAt: Date.now() + wait });
  await run.settle(wait, 'Wait before looking for an order whose outcome is unknown');

  // What counts is when it was asked: the answer may take longer than what is left of the window.
  const isLast = Date.now() >= settledAt;
  const earlierRunSettlingMs = isLast ? run.unreportedSettlingMs : undefined;
  const subscription = await lookUp(run, 'Confirming', earlierRunSettlingMs);
  if (subscription === undefined) return;
  if (subscription.found) return beginTracking(run, 'OrderFound', subscription);
  const { settlingMs } = subscription;
  run.record({ type: 'OrderNotFound', ...(settlingMs !== undefined && { settlingMs }) });
  if (isLast && settlingMs === undefined) settleAsNotPlaced(run);
}

/** The settling window passed and the portal still has no such order: it was not placed. */
function settleAsNotPlaced(run: PurchaseRun): void {
  const { doubt, postsSinceRetry, lastError } = run.state;
  // Placing, which comes next, ends a purchase that is to be cancelled.
  if (run.isCancelling) return run.record({ type: 'SettledAsNotPlaced' });
  if (doubt?.refusal) {
    run.record({ type: 'SettledAsNotPlaced' });
    return reject(run, { ...doubt.refusal, type: 'OrderRejected' });
  }
  if (postsSinceRetry >= MOST_UNKNOWN_POSTS) {
    const message = `${postsSinceRetry} POSTs in a row had no clear answer, and no order turned up`;
    return park(run, lastError?.type === 'UnknownOutcome' ? lastError : errorNow('UnknownOutcome', message));
  }
  run.record({ type: 'SettledAsNotPlaced' });
}

/** Provisioning: one poll of an order that exists. */
async function track(run: PurchaseRun): Promise<void> {
  const deadline = run.state.deadline ?? Date.now();
  const asked = run.state.lastError && run.state.trouble ? retryAfterOf(run.state.lastError) : 0;
  // A portal that is away is asked ever more seldom, too.
  const asks = run.state.polls + (run.state.trouble?.calls ?? 0);
  const interval = intervalAfter(run.options.polling, asks, Math.random);
  const wait = Math.max(1, Math.min(Math.max(interval, asked), deadline - Date.now()));
  run.record({ type: 'PollScheduled', nextPollAt: Date.now() + wait });
  await run.pause(wait, 'Wait before asking the portal again');
  if (run.isCancelling) return run.record({ type: 'Cancelled' });

  const subscription = await lookUp(run, 'Provisioning');
  if (subscription?.found) heed(run, subscription.portalStatus, subscription.subscriptionNumber);
  else if (subscription) {
    const message = 'the portal does not find an order that it had taken';
    recordTrouble(run, errorNow('UnexpectedResponse', message));
  }
  if (run.state.phase === 'Provisioning' && Date.now() >= deadline) {
    const error = errorNow(
      'ProvisioningOverdue',
      'the order exists, but was not provisioned before its deadline',
    );
    run.record({ type: 'Overdue', error, actionRequired: adviceFor(error.type, run.state.ids, false) });
  }
}

/** Asks the portal where the order stands. `undefined` when there was no answer; what follows is recorded. */
async function lookUp(
  run: PurchaseRun,
  phase: ResumablePhase,
  earlierRunSettlingMs?: number,
): Promise<SubscriptionStatus | undefined> {
  const ask = phase === 'Confirming' ? run.activities.confirm : run.activities.poll;
  const look = () =>
    ask({
      ...run.state.ids,
      ...(earlierRunSettlingMs !== undefined && { earlierRunSettlingMs }),
    });
  try {
    // While an outcome is unknown, nothing breaks off finding it out.
    return await (phase === 'Confirming' ? look() : run.interruptibly(look));
  } catch (failure) {
    if (isCancellation(failure)) return undefined;
    await endureTrouble(run, errorFrom(failure, 'PortalUnavailable', Date.now()), phase);
    return undefined;
  }
}

/** The order exists: from now on it is followed. */
function beginTracking(
  run: PurchaseRun,
  type: 'OrderPlaced' | 'OrderFound',
  {
    subscriptionNumber,
    portalStatus,
  }: { readonly subscriptionNumber?: string; readonly portalStatus?: string },
): void {
  const deadline = Date.now() + run.options.polling.deadlineMs;
  run.record({ type, deadline, ...(subscriptionNumber !== undefined && { subscriptionNumber }) });
  if (portalStatus !== undefined) heed(run, portalStatus, subscriptionNumber);
}

/** Takes in what the portal says of an order that exists. A status that is not known is polled on. */
function heed(run: PurchaseRun, portalStatus: string, subscriptionNumber?: string): void {
  run.record({
    type: 'Polled',
    portalStatus,
    ...(subscriptionNumber !== undefined && { subscriptionNumber }),
  });
  if (portalStatus === 'Provisioned') run.record({ type: 'Provisioned' });
  if (portalStatus === 'Failed') {
    fail(run, errorNow('ProvisioningFailed', 'the portal says that provisioning the order failed'));
  }
}

/** ActionRequired: waits for a person, and goes on where it was. */
async function waitForPerson(run: PurchaseRun): Promise<void> {
  const { deadline = Date.now(), resumesAs } = run.state;
  // A cancellation ends it at once, unless an outcome is unknown: then it was tried, and only a person helps.
  const isWoken = () => run.resumeAsked || (run.isCancelling && resumesAs !== 'Confirming');
  // There is no timer to cut short here, and it must not keep a long run from continuing as a new one.
  run.pollAsked = false;
  await condition(() => isWoken() || run.isLong, Math.max(1, deadline - Date.now()), {
    summary: `Parked (${run.state.lastError?.type ?? 'unknown'}): wait for a person to act`,
  });
  // Asked anew: a person may have acted in the very moment in which the time was up.
  if (isWoken()) return resume(run);
  if (Date.now() < deadline) return;
  // A cancellation whose effect nobody helped to find out.
  if (run.isCancelling) return run.record({ type: 'Cancelled' });
  await expire(run);
}

function resume(run: PurchaseRun): void {
  const { resumesAs, placedAt } = run.state;
  run.resumeAsked = false;
  if (run.isCancelling && resumesAs === 'Provisioning') return run.record({ type: 'Cancelled' });
  const pollUntil = placedAt === undefined ? undefined : placedAt + run.options.polling.deadlineMs;
  run.record({ type: 'Resumed', ...(pollUntil !== undefined && { deadline: pollUntil }) });
}

/** Nobody acted in time. What the portal said so long ago is asked once more: someone there may have helped. */
async function expire(run: PurchaseRun): Promise<void> {
  if (run.state.knownAbsent && patched('look-before-a-park-expires')) {
    const subscription = await lookBeforeTheEnd(run);
    // A person acted while it was asked.
    if (run.resumeAsked || (run.isCancelling && patched('cancel-while-a-park-expires'))) return;
    if (subscription?.found) {
      const isKnown = run.state.resumesAs === 'Provisioning';
      resume(run);
      // One that was followed before is followed on.
      return isKnown ? undefined : beginTracking(run, 'OrderFound', subscription);
    }
  }
  fail(run, errorNow('ParkExpired', `nobody acted before the park deadline. ${lastWords(run)}`));
}

/** The end: answers those who wait, then ends the run as what it came to. */
async function conclude(run: PurchaseRun): Promise<PurchaseResult> {
  await condition(allHandlersFinished);
  if (run.state.phase === 'Provisioned') return resultOf(run.state);
  if (run.state.phase === 'Cancelled' && !run.isCancelRequested) {
    // Only a run that the server was asked to cancel can end as Canceled.
    await run.activities.requestCancellation();
    await condition(() => run.isCancelRequested);
  }
  throw run.failure();
}

/** The portal could not be reached or understood: waits and lets the next step try, or asks for a person. */
async function endureTrouble(run: PurchaseRun, error: PurchaseError, phase: ResumablePhase): Promise<void> {
  if (needsPerson(error.type)) return park(run, error);
  // Polling goes on until its deadline in any case: nothing is lost by asking again later.
  if (phase === 'Provisioning') return recordTrouble(run, error);
  const { since, calls } = countTrouble(run, error);
  if (error.at - since >= PORTAL_BUDGET_MS || calls > MOST_TROUBLED_CALLS) return park(run, error);
  const backoff = intervalAfter(PORTAL_BACKOFF, Math.max(0, calls - 1), Math.random);
  const wait = Math.max(backoff, retryAfterOf(error));
  recordTrouble(run, error, error.at + wait);
  const summary = `Wait for the portal (${error.type})`;
  await (phase === 'Confirming' ? run.settle(wait, summary) : run.pause(wait, summary));
}

function recordTrouble(run: PurchaseRun, error: PurchaseError, nextPollAt?: number): void {
  run.record({
    type: 'PortalTrouble',
    error,
    trouble: countTrouble(run, error, nextPollAt),
    ...(isOurs(error) && isCountedFairly(run, error) && { isOurs: true }),
    ...(nextPollAt !== undefined && { nextPollAt }),
  });
}

/** What the portal has been failing for, this failure counted. */
function countTrouble(run: PurchaseRun, error: PurchaseError, nextCallAt?: number): Trouble {
  const count = isCountedFairly(run, error) ? troubleAfter : troubleAfterAsOfOld;
  return count(run.state.trouble, error, nextCallAt);
}

/** Runs that began before held everything against the portal. */
function isCountedFairly(run: PurchaseRun, error: PurchaseError): boolean {
  return !isExcusable(run.state.trouble, error) || patched('excuse-what-the-portal-did-not-do');
}

function park(run: PurchaseRun, error: PurchaseError): void {
  const actionRequired = adviceFor(error.type, run.state.ids, true);
  run.record({ type: 'Parked', error, actionRequired, deadline: Date.now() + run.options.parkDeadlineMs });
}

function reject(run: PurchaseRun, error: PurchaseError): void {
  return run.options.onRejected === 'park' ? park(run, error) : fail(run, error);
}

function fail(run: PurchaseRun, error: PurchaseError): void {
  run.record({ type: 'Failed', error, actionRequired: adviceFor(error.type, run.state.ids, false) });
}

function errorNow(type: FailureType, message: string): PurchaseError {
  return { type, message, at: Date.now() };
}

function lastWords(run: PurchaseRun): string {
  const { lastError } = run.state;
  return lastError ? `It was parked for ${lastError.type}: ${lastError.message}` : '';
}
