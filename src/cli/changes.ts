import { setTimeout as delay } from 'node:timers/promises';
import type { PurchaseReport } from '../client/index.js';
import { unlessAborted } from './abort.js';
import type { TimelineEntry } from './events.js';
import { hasEnded } from './standing.js';

/** How a purchase is watched. */
export interface WatchOptions {
  /** How often it is asked, in milliseconds. */
  readonly everyMs: number;
  /** Ends the watching with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Where a purchase stands, and again whenever that has changed, until its run has ended. The timeline of
 * each report has what is new since the last one.
 */
export async function* changesOf(
  ask: () => Promise<PurchaseReport>,
  { everyMs, signal }: WatchOptions,
): AsyncGenerator<PurchaseReport> {
  let lastSeen = '';
  const told = new Set<string>();
  for (;;) {
    const report = await (signal === undefined ? ask() : unlessAborted(ask, signal));
    const news = (report.status.timeline ?? []).filter((entry) => isNew(entry, told));
    const seen = whatCounts(report);
    if (seen !== lastSeen || news.length > 0) yield withNews(report, news);
    lastSeen = seen;
    if (hasEnded(report)) return;
    await pause(everyMs, signal);
  }
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(milliseconds, undefined, signal && { signal });
  } catch (error) {
    // With the reason it was aborted for, where the timer only says that it was.
    signal?.throwIfAborted();
    throw error;
  }
}

function isNew(entry: TimelineEntry, told: Set<string>): boolean {
  const key = JSON.stringify(entry);
  if (told.has(key)) return false;
  told.add(key);
  return true;
}

/** All but what changes with every poll. */
function whatCounts({ runStatus, answeredBy, status }: PurchaseReport): string {
  const { timeline: _told, polls: _counted, nextPollAt: _soon, ...rest } = status;
  return JSON.stringify([runStatus, answeredBy, rest]);
}

function withNews(report: PurchaseReport, news: readonly TimelineEntry[]): PurchaseReport {
  return report.status.timeline === undefined
    ? report
    : { ...report, status: { ...report.status, timeline: [...news] } };
}
