import { cancellationFact, isLeftUnknown } from '../cancellation.js';
import { eventDetail, eventName } from '../events.js';
import { commandFor, quotedCommandFor, WORKER_HINT } from '../hints.js';
import { nextLabel } from '../next-step.js';
import type { Look } from '../output.js';
import { lastAskedAt, type QueueReport } from '../pollers.js';
import { isOvercome } from '../overcome.js';
import { errorFact, portalStatus, source, whatToDo } from '../render-status.js';
import { oneLine, safeJson } from '../sanitize.js';
import { hasEnded, paintStanding, standing } from '../standing.js';
import { cut, factLines, moment, relative, shellQuote, tidy, when, type Fact } from '../text.js';
import type { PurchaseView } from './gather.js';
import type { PendingActivity } from './pending.js';
import { why } from './why.js';

/** Everything about one purchase: where it is, why, what to do, and what is behind it. */
export function showLines(view: PurchaseView, look: Look): string[] {
  const { style, width, now } = look;
  const { status, runStatus } = view;
  const run = { runStatus, phase: status.phase };
  return [
    `${style.bold(oneLine(status.externalSubscriptionId))}  ${paintStanding(style, run)(standing(run))}`,
    ...factLines(purchaseFacts(view, now), width),
    '',
    style.bold('At Temporal'),
    ...factLines(temporalFacts(view, now), width),
    ...orderLines(view, look),
    ...recentLines(view, look),
  ];
}

/** A long story is told in short: the rest of this must stay on the screen. */
const MOST_EVENTS = 10;

/** What happened last, one line an event. */
function recentLines(view: PurchaseView, { style, width }: Look): string[] {
  const { timeline } = view.status;
  if (timeline === undefined) return [];
  const recent = timeline.slice(-MOST_EVENTS);
  const column = Math.max(0, ...recent.map((entry) => eventName(entry).length));
  const earlier = timeline.length - recent.length;
  const note =
    earlier === 0 ? '' : style.dim(`  (${earlier} earlier: ${commandFor('status', view.workflowId)})`);
  return [
    '',
    `${style.bold('Timeline')}${note}`,
    ...recent.map((entry) => {
      const at = moment(entry.at);
      const rest = `${eventName(entry).padEnd(column)}  ${eventDetail(entry)}`.trimEnd();
      return `  ${style.dim(at)}  ${cut(rest, width - at.length - 4)}`;
    }),
  ];
}

function purchaseFacts(view: PurchaseView, now: number): Fact[] {
  const { status } = view;
  const { nextPollAt, deadline } = hasEnded(view) ? {} : status;
  const reason = why(view, now);
  const [label, error] = errorFact(view, now);
  const isTold = status.lastError !== undefined && reason.includes(tidy(status.lastError.message));
  return [
    ['why', reason],
    ['what to do', nextAction(view)],
    ['subscription', status.subscriptionNumber ?? 'none yet'],
    ['trading partner', status.tradingPartnerId],
    ['order', orderSummary(view)],
    ['portal status', portalStatus(view) ?? polls(view)],
    [nextLabel(status.phase), nextPollAt && when(nextPollAt, now)],
    ['deadline', deadline && when(deadline, now)],
    cancellationFact(view, now),
    [label, isTold ? undefined : error],
    ['known from', source(view, now)],
  ];
}

function polls({ status: { polls: count } }: PurchaseView): string | undefined {
  return count === undefined ? undefined : count === 0 ? 'not polled yet' : `asked ${count} times`;
}

/** What a person does about it; that it is nothing is said, too. */
export function nextAction(view: PurchaseView): string {
  const known = [stuckCancellation(view), noPollers(view) ?? whatToDo(view)].filter(Boolean).join(' ');
  if (known !== '') return known;
  const { phase } = view.status;
  if (phase === 'Provisioned') return 'Nothing: it is done.';
  if (hasEnded(view)) return isLeftUnknown(view) ? '' : 'Nothing: it has ended.';
  const follow = `Follow it: ${quotedCommandFor('watch', view.workflowId)}`;
  if (view.status.lastError === undefined || isOvercome(view.status)) {
    return `Nothing: it goes on by itself. ${follow}`;
  }
  return `What the last trouble asks for, if anything; it tries again by itself. ${follow}`;
}

/** A worker that may not cancel runs asks the server for ever; after so many tries it is told. */
const STUCK_AFTER_ATTEMPTS = 3;

function stuckCancellation({ pendingActivities, workflowId }: PurchaseView): string | undefined {
  const stuck = pendingActivities.find(
    ({ activity, attempt }) => activity === 'requestCancellation' && attempt >= STUCK_AFTER_ATTEMPTS,
  );
  return stuck === undefined
    ? undefined
    : `The purchase is over and wants to end as Canceled, but its worker cannot cancel the run. Let the workers' Temporal credentials cancel workflows, or run \`temporal workflow cancel --workflow-id ${shellQuote(oneLine(workflowId))}\`.`;
}

/** Nobody asks the task queue for work: said with its name, before anything else can help. */
function noPollers(view: PurchaseView): string | undefined {
  const { queue } = view;
  if (queue === undefined || queue.workflow.pollers.length > 0 || view.answeredBy === 'worker')
    return undefined;
  const action = whatToDo({ ...view, answeredBy: 'worker' });
  const worker = `No worker serves the task queue ${oneLine(queue.name)}. ${WORKER_HINT}`;
  return action === undefined ? worker : `${worker} Then: ${action}`;
}

function orderSummary({ order, orderDocument }: PurchaseView): string {
  if (order === undefined) return 'cannot be read here: it is encrypted, or no order at all';
  const lines = order.lines.map(({ productId, quantity }) => `${quantity} × ${productId}`).join(', ');
  return orderDocument === undefined ? `${lines} (all of it: --order)` : lines;
}

function temporalFacts(view: PurchaseView, now: number): Fact[] {
  const { run, workflowId, webUi, queue } = view;
  return [
    ['workflow', workflowId],
    ['run', `${run.runId} (${spell(view.runStatus)}, ${run.historyEvents} events)`],
    ['started', when(run.startedAt, now)],
    ['ended', run.closedAt && when(run.closedAt, now)],
    ...otherRuns(view, now),
    ...view.pendingActivities.map((activity): Fact => ['activity', pendingText(activity, now)]),
    ['workers', queue && workersText(queue, now)],
    ['Web UI', webUi && `${webUi.url}${webUi.isAssumed ? ' (where it usually is: --ui-url)' : ''}`],
  ];
}

/** The runs before this one: what was reset, terminated, continued or tried before. */
function otherRuns({ runs, run }: PurchaseView, now: number): Fact[] {
  return runs
    .filter(({ runId }) => runId !== run.runId)
    .map(({ runId, runStatus, closedAt, resetTo }) => {
      const end = resetTo === undefined ? spell(runStatus) : `reset to ${resetTo}`;
      return [
        'earlier run',
        `${runId} (${end}${closedAt === undefined ? '' : ` ${relative(closedAt, now)}`})`,
      ];
    });
}

function pendingText(pending: PendingActivity, now: number): string {
  const { activity, state, attempt, maximumAttempts, nextTryAt, lastFailure } = pending;
  const limit = maximumAttempts === undefined ? ', tried until it succeeds' : ` of ${maximumAttempts}`;
  const next =
    nextTryAt === undefined || Date.parse(nextTryAt) <= now ? '' : `, next try ${relative(nextTryAt, now)}`;
  const failure = lastFailure && `; last failure ${lastFailure.type}: ${tidy(lastFailure.message)}`;
  return `${activity}, ${state}, attempt ${attempt}${limit}${next}${failure ?? ''}`;
}

/** Who serves the run: the same processes, as a rule, for both kinds of tasks. One may have gone since it asked. */
function workersText({ workflow, activity }: NonNullable<PurchaseView['queue']>, now: number): string {
  const names = { workflow: namesOf(workflow), activity: namesOf(activity) };
  const who =
    names.workflow === names.activity
      ? names.workflow
      : `${names.workflow} for workflow tasks; ${names.activity} for activity tasks`;
  const seen = lastAskedAt(workflow, activity);
  const age = seen === undefined ? '' : `, asked for work ${relative(seen, now)}`;
  const waiting = (workflow.backlog ?? 0) + (activity.backlog ?? 0);
  return waiting === 0
    ? `${who}${age}`
    : `${who}${age}; about ${waiting} ${waiting === 1 ? 'task waits' : 'tasks wait'}`;
}

/** More workers than these are only counted. */
const MOST_NAMES = 3;

function namesOf({ pollers }: QueueReport): string {
  if (pollers.length === 0) return 'none';
  const names = pollers.slice(0, MOST_NAMES).map(({ identity }) => oneLine(identity));
  const more = pollers.length > names.length ? ` and ${pollers.length - names.length} more` : '';
  return `${names.join(', ')}${more}`;
}

/** The order itself, with a word on what it is. */
function orderLines({ orderDocument }: PurchaseView, { style }: Look): string[] {
  if (orderDocument === undefined) return [];
  const json = safeJson(orderDocument, 2).split('\n');
  return [
    '',
    `${style.bold('Order')}  ${style.yellow('customer data: only for those who may see it')}`,
    ...json.map((line) => `  ${line}`),
  ];
}

function spell(runStatus: string): string {
  return runStatus.toLowerCase().replaceAll('_', ' ');
}
