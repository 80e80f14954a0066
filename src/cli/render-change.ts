import type { PurchaseReport } from '../client/index.js';
import { eventDetail, eventName, toneOf, type TimelineEntry } from './events.js';
import { UNANSWERED_HINT, withCommands } from './hints.js';
import { meaningOf } from './next-step.js';
import type { Look } from './output.js';
import { shortStatus } from './render-status.js';
import { oneLine } from './sanitize.js';
import { hasEnded, paintStanding, standing } from './standing.js';
import { beside, moment } from './text.js';

/** Events after which it is said again where a purchase stands. */
const TURNS: ReadonlySet<string> = new Set(['OutcomeUnknown', 'PortalTrouble', 'Parked', 'Resumed']);

/** Turns the changes of one purchase into lines: what happened, and at first and at the end where it stands. */
export class ChangePrinter {
  #isFirst = true;
  #lastAnsweredBy: PurchaseReport['answeredBy'] = 'worker';
  #lastAction: string | undefined;

  lines(report: PurchaseReport, look: Look): string[] {
    const events = report.status.timeline ?? [];
    const lines = [
      ...events.flatMap((entry) => eventLines(entry, look)),
      ...(hasEnded(report) ? [endLine(report, look)] : this.#presentLines(report, look)),
    ];
    this.#isFirst = false;
    this.#lastAnsweredBy = report.answeredBy;
    this.#lastAction = report.status.actionRequired;
    return lines;
  }

  /** Where it stands, if that has changed, and what to do, if that has. */
  #presentLines(report: PurchaseReport, look: Look): string[] {
    const { status, answeredBy } = report;
    const isNews =
      this.#isFirst ||
      answeredBy !== this.#lastAnsweredBy ||
      answeredBy === 'server' ||
      (status.timeline ?? []).some(({ event }) => TURNS.has(event));
    const now = `${shortStatus(report, look.now)}${isNews ? explanation(report) : ''}`;
    return [
      ...(isNews ? beside('  now: ', now, look.width).map(look.style.dim) : []),
      ...(answeredBy === 'server' && this.#lastAnsweredBy === 'worker'
        ? beside('  ', UNANSWERED_HINT, look.width)
        : []),
      ...(status.actionRequired === this.#lastAction ? [] : actionLines(report, look)),
    ];
  }
}

/** What the phase means, where its status does not say it already; nothing of what may not have begun. */
function explanation({ answeredBy, status: { phase } }: PurchaseReport): string {
  const meaning = phase === 'Placing' && answeredBy === 'worker' ? meaningOf(phase) : undefined;
  return meaning === undefined ? '' : `: ${meaning}`;
}

/** What a person must do about a purchase. */
export function actionLines({ status, workflowId }: PurchaseReport, { style, width }: Look): string[] {
  if (status.actionRequired === undefined) return [];
  const [first = '', ...more] = beside(
    '  what to do: ',
    withCommands(status.actionRequired, workflowId),
    width,
  );
  return [first.replace('what to do:', style.bold('what to do:')), ...more];
}

/** `2026-01-31T12:00:00Z  Portal says       Created` */
function eventLines(entry: TimelineEntry, { style, width }: Look): string[] {
  const paint = { good: (text: string) => text, bad: style.red, open: style.yellow }[toneOf(entry)];
  const at = moment(entry.at);
  const name = eventName(entry).padEnd(20);
  return beside(`  ${at}  ${name}`, eventDetail(entry), width, `  ${style.dim(at)}  ${paint(name)}`);
}

function endLine({ status, runStatus }: PurchaseReport, { style }: Look): string {
  const { phase, subscriptionNumber } = status;
  const number = subscriptionNumber === undefined ? '' : `: subscription ${oneLine(subscriptionNumber)}`;
  return `${paintStanding(style, { runStatus, phase })(standing({ runStatus, phase }))}${number}`;
}
