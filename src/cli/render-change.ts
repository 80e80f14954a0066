import type { PurchaseReport } from '../client/index.js';
import { hasEnded, isStopped } from './changes.js';
import { eventName, toneOf, type TimelineEntry } from './events.js';
import type { Look } from './output.js';
import { shortStatus } from './render-status.js';
import { oneLine } from './sanitize.js';
import { paintPhase, type Style } from './style.js';
import { moment } from './text.js';

/** Turns the changes of one purchase into lines: what happened, and at first and at the end where it stands. */
export class ChangePrinter {
  #isFirst = true;
  #lastAnsweredBy: PurchaseReport['answeredBy'] = 'worker';

  lines(report: PurchaseReport, look: Look): string[] {
    const { status, answeredBy } = report;
    const ended = hasEnded(report);
    const isNews = this.#isFirst || answeredBy !== this.#lastAnsweredBy || answeredBy === 'server';
    const lines = [
      ...(this.#isFirst ? [look.style.bold(oneLine(report.workflowId))] : []),
      ...(status.timeline ?? []).map((entry) => eventLine(entry, look.style)),
      ...(isNews && !ended ? [look.style.dim(`  now: ${shortStatus(report, look.now)}`)] : []),
      ...(ended ? [endLine(report, look.style)] : []),
    ];
    this.#isFirst = false;
    this.#lastAnsweredBy = answeredBy;
    return lines;
  }
}

/** `2026-01-31T12:00:00Z  Portal says       Created` */
function eventLine(entry: TimelineEntry, style: Style): string {
  const paint = { good: (text: string) => text, bad: style.red, open: style.yellow }[toneOf(entry)];
  const name = paint(eventName(entry).padEnd(20));
  return `  ${style.dim(moment(entry.at))}  ${name}${oneLine(entry.detail ?? '')}`.trimEnd();
}

function endLine({ status, runStatus }: PurchaseReport, style: Style): string {
  const number =
    status.subscriptionNumber === undefined ? '' : `: subscription ${oneLine(status.subscriptionNumber)}`;
  const phase = isStopped(runStatus) ? `stopped from outside while ${status.phase}` : status.phase;
  return `${paintPhase(style, status.phase)(phase)}${number}`;
}
