import type { PurchaseReport } from '../client/index.js';
import { cancellationFact, isLeftUnknown } from './cancellation.js';
import { eventDetail, eventName } from './events.js';
import { STOPPED_HINT, UNANSWERED_HINT, UNKNOWN_ORDER_HINT, withCommands } from './hints.js';
import { meaningOf, nextCall, nextLabel } from './next-step.js';
import type { Look } from './output.js';
import { isOvercome } from './overcome.js';
import { oneLine } from './sanitize.js';
import { hasEnded, isStopped, paintStanding, standing } from './standing.js';
import { beside, factLines, moment, relative, tidy, when, type Fact } from './text.js';

/** Where a purchase is, why, and what to do, on one screen. */
export function statusLines(report: PurchaseReport, look: Look): string[] {
  const { status, runStatus } = report;
  const { bold } = look.style;
  const run = { runStatus, phase: status.phase };
  return [
    `${bold(oneLine(status.externalSubscriptionId))}  ${paintStanding(look.style, run)(standing(run))}`,
    ...factLines(facts(report, look.now), look.width),
    ...(status.timeline === undefined ? [] : ['', bold('Timeline'), ...timelineLines(report, look)]),
  ];
}

function facts(report: PurchaseReport, now: number): Fact[] {
  const { status, workflowId, runStatus } = report;
  const { nextPollAt, deadline } = hasEnded(report) ? {} : status;
  return [
    ['this means', meaning(report)],
    ['subscription', status.subscriptionNumber ?? 'none yet'],
    ['trading partner', status.tradingPartnerId],
    ['portal status', portalStatus(report)],
    [nextLabel(status.phase), nextPollAt && when(nextPollAt, now)],
    ['deadline', deadline && when(deadline, now)],
    cancellationFact(report, now),
    errorFact(report, now),
    ['what to do', whatToDo(report)],
    ['workflow', `${workflowId} (${runStatus.toLowerCase().replaceAll('_', ' ')})`],
    ['known from', source(report, now)],
  ];
}

/** What the phase means; of a purchase that may not have begun nothing is said. */
function meaning(report: PurchaseReport): string | undefined {
  const { phase } = report.status;
  const isVague = phase === 'Placing' && report.answeredBy === 'server';
  return hasEnded(report) || isVague ? undefined : meaningOf(phase);
}

/** The portal's own word for where the order stands, and how often it was asked. */
export function portalStatus({ status: { portalStatus: word, polls } }: PurchaseReport): string | undefined {
  if (word === undefined) return undefined;
  if (polls === undefined) return word;
  return `${word} (asked ${polls === 1 ? 'once' : `${polls} times`})`;
}

/** What went wrong last, and whether that was overcome. */
export function errorFact({ status }: PurchaseReport, now: number): Fact {
  const { lastError: error } = status;
  if (error === undefined) return ['last error', undefined];
  const about = `${error.type}, ${when(error.at, now)}`;
  return isOvercome(status)
    ? ['earlier error', `${about}; it has gone on since: ${tidy(error.message)}`]
    : ['last error', `${about}: ${tidy(error.message)}`];
}

/** What a person must do; `undefined` when nothing. */
export function whatToDo(report: PurchaseReport): string | undefined {
  const { status, runStatus, answeredBy, workflowId } = report;
  if (isStopped(runStatus)) {
    return `The run was stopped from outside. ${withCommands(STOPPED_HINT, workflowId)}`;
  }
  if (isLeftUnknown(report)) return withCommands(UNKNOWN_ORDER_HINT, workflowId);
  const action = status.actionRequired && withCommands(status.actionRequired, workflowId);
  const worker = answeredBy === 'server' && runStatus === 'RUNNING' ? UNANSWERED_HINT : undefined;
  return [action, worker].filter(Boolean).join(' ') || undefined;
}

/** Who says so, and how old it is. */
export function source({ answeredBy, asOf }: PurchaseReport, now: number): string {
  if (answeredBy === 'worker') return 'the purchase itself, now';
  return `the server's record of ${when(asOf, now)}; no worker answered`;
}

function timelineLines({ status: { timeline = [] } }: PurchaseReport, { style, width }: Look): string[] {
  const column = Math.max(0, ...timeline.map((entry) => eventName(entry).length));
  return timeline.flatMap((entry) => {
    const at = moment(entry.at);
    const name = `${eventName(entry).padEnd(column)}  `;
    return beside(`  ${at}  ${name}`, eventDetail(entry), width, `  ${style.dim(at)}  ${name}`);
  });
}

/** One line about a purchase: `Provisioning, A-S00012345, the portal says Created, next poll in 4s`. */
export function shortStatus({ status, answeredBy, asOf }: PurchaseReport, now: number): string {
  const { phase, subscriptionNumber, portalStatus: word } = status;
  return [
    phase,
    subscriptionNumber,
    word !== undefined && `the portal says ${word}`,
    phase === 'Confirming' && meaningOf(phase),
    phase === 'ActionRequired' && 'a person must act',
    nextCall(status, now),
    answeredBy === 'server' && `no worker answered; as of ${relative(asOf, now)}`,
  ]
    .filter((part) => typeof part === 'string')
    .map(oneLine)
    .join(', ');
}
