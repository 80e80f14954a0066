import type { PurchaseClient, PurchaseReport } from '../../client/index.js';
import type { PurchaseInput } from '../../contract/index.js';
import { changesOf } from '../changes.js';
import { eventDetail, eventName, toneOf } from '../events.js';
import { withCommands } from '../hints.js';
import { actionLines } from '../render-change.js';
import { shortStatus } from '../render-status.js';
import { oneLine } from '../sanitize.js';
import { hasEnded } from '../standing.js';
import { tidy, wrap } from '../text.js';
import type { DemoScreen } from './screen.js';

/** How often the purchase is asked, in milliseconds: often enough to look live. */
const EVERY_MS = 250;

/** Follows a purchase to its end, step by step, or until the next step once it is told to stop. */
export async function follow(
  client: PurchaseClient,
  { order }: PurchaseInput,
  screen: DemoScreen,
  signal: AbortSignal,
): Promise<PurchaseReport> {
  let last: PurchaseReport | undefined;
  const ask = async (): Promise<PurchaseReport> => {
    const report = await client.status(order);
    signal.throwIfAborted();
    screen.waiting(shortStatus(report, Date.now()));
    return report;
  };
  for await (const report of changesOf(ask, { everyMs: EVERY_MS })) {
    for (const entry of report.status.timeline ?? []) {
      // Told already, when it was started.
      if (entry.event !== 'Started') screen.step(eventName(entry), eventDetail(entry), toneOf(entry));
    }
    if (!hasEnded(report) && report.status.actionRequired !== last?.status.actionRequired) {
      screen.lines(actionLines(report, screen.look));
    }
    last = report;
  }
  return last ?? (await client.status(order));
}

/** How it ended, and what to do if it ended badly. */
export function endLines({ runStatus, status, workflowId }: PurchaseReport, screen: DemoScreen): string[] {
  const { style, width } = screen.look;
  if (runStatus === 'COMPLETED') {
    const number = oneLine(status.subscriptionNumber ?? 'without a number');
    return [
      '',
      `${style.green('Provisioned')}: subscription ${style.bold(number)}, ${screen.elapsed()} after the start`,
    ];
  }
  const error = status.lastError;
  const reason = error === undefined ? runStatus.toLowerCase() : `${error.type}: ${error.message}`;
  const advice = status.actionRequired === undefined ? [] : ['', style.bold('What to do')];
  return [
    '',
    ...wrap(`${status.phase}: ${tidy(reason)}`, width).map(style.red),
    ...advice,
    ...(status.actionRequired === undefined
      ? []
      : wrap(withCommands(status.actionRequired, workflowId), width - 2).map((line) => `  ${line}`)),
  ];
}
