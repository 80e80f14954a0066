import type { PurchaseReport } from '../client/index.js';
import { hasEnded, isStopped } from './changes.js';
import { STOPPED_HINT } from './errors.js';
import { eventName } from './events.js';
import type { Look } from './output.js';
import { oneLine } from './sanitize.js';
import { paintPhase } from './style.js';
import { factLines, moment, relative, table, when, type Fact } from './text.js';

/** Where a purchase is, why, and what to do, on one screen. */
export function statusLines(report: PurchaseReport, look: Look): string[] {
  const { status } = report;
  const { bold, dim } = look.style;
  return [
    `${bold(oneLine(status.externalSubscriptionId))}  ${paintPhase(look.style, status.phase)(status.phase)}`,
    ...factLines(facts(report, look.now), look.width),
    ...(status.timeline === undefined ? [] : ['', bold('Timeline'), ...timelineLines(report, dim)]),
  ];
}

function facts(report: PurchaseReport, now: number): Fact[] {
  const { status, workflowId, runStatus } = report;
  const { nextPollAt, deadline } = hasEnded(report) ? {} : status;
  return [
    ['subscription', status.subscriptionNumber ?? 'none yet'],
    ['trading partner', status.tradingPartnerId],
    ['portal status', portalStatus(report)],
    ['next poll', nextPollAt && when(nextPollAt, now)],
    ['deadline', deadline && when(deadline, now)],
    ['cancellation', cancellation(report, now)],
    ['last error', lastError(report, now)],
    ['what to do', whatToDo(report)],
    ['workflow', `${workflowId} (${runStatus.toLowerCase().replaceAll('_', ' ')})`],
    ['known from', source(report, now)],
  ];
}

function portalStatus({ status: { portalStatus: word, polls } }: PurchaseReport): string | undefined {
  if (word === undefined) return undefined;
  if (polls === undefined) return word;
  return `${word} (asked ${polls === 1 ? 'once' : `${polls} times`})`;
}

function cancellation({ status }: PurchaseReport, now: number): string | undefined {
  const wish = status.cancellation;
  if (wish === undefined) return undefined;
  const effects = {
    'not-placed': 'no order was placed',
    'too-late': 'too late, the order stands',
    unknown: 'what it can do is not known yet',
  };
  const reason = wish.reason === undefined ? '' : `, "${oneLine(wish.reason)}"`;
  return `${effects[wish.effect ?? 'unknown']}; asked for ${when(wish.requestedAt, now)} via ${wish.via}${reason}`;
}

function lastError({ status: { lastError: error } }: PurchaseReport, now: number): string | undefined {
  return error && `${error.type}, ${when(error.at, now)}: ${oneLine(error.message)}`;
}

function whatToDo({ status, runStatus, answeredBy }: PurchaseReport): string | undefined {
  if (isStopped(runStatus)) return `The run was stopped from outside. ${STOPPED_HINT}`;
  if (status.actionRequired !== undefined) return status.actionRequired;
  if (answeredBy === 'server' && runStatus === 'RUNNING') return 'Start a worker: nothing moves without one.';
  return undefined;
}

function source({ answeredBy, asOf }: PurchaseReport, now: number): string {
  if (answeredBy === 'worker') return 'the purchase itself, now';
  return `the server's record of ${when(asOf, now)}; no worker answered`;
}

function timelineLines({ status }: PurchaseReport, dim: (text: string) => string): string[] {
  const entries = status.timeline ?? [];
  const rows = entries.map((entry) => [moment(entry.at), eventName(entry), oneLine(entry.detail ?? '')]);
  return table(rows, (cell, _row, column) => (column === 0 ? dim(cell) : cell)).map((line) => `  ${line}`);
}

/** One line about a purchase: `Provisioning, A-S00012345, the portal says Created, next poll in 4s`. */
export function shortStatus({ status, answeredBy, asOf }: PurchaseReport, now: number): string {
  const { phase, subscriptionNumber, portalStatus: word, nextPollAt } = status;
  return [
    phase,
    subscriptionNumber,
    word !== undefined && `the portal says ${word}`,
    nextPollAt !== undefined && Date.parse(nextPollAt) > now && `next poll ${relative(nextPollAt, now)}`,
    answeredBy === 'server' && `no worker answers; as of ${relative(asOf, now)}`,
  ]
    .filter((part) => typeof part === 'string')
    .map(oneLine)
    .join(', ');
}
