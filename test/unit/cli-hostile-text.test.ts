import { describe, expect, it } from 'vitest';
import { reportOf, usageError } from '../../src/cli/errors.js';
import { Output, type Format, type Look } from '../../src/cli/output.js';
import { printError } from '../../src/cli/print-error.js';
import type { PortalReport } from '../../src/cli/portal-report.js';
import { ChangePrinter } from '../../src/cli/render-change.js';
import { findingLines } from '../../src/cli/doctor/render.js';
import { listLines } from '../../src/cli/render-list.js';
import { portalReportLines } from '../../src/cli/render-portal-report.js';
import { shortStatus, statusLines } from '../../src/cli/render-status.js';
import type { PurchaseView } from '../../src/cli/show/gather.js';
import { showLines } from '../../src/cli/show/render-show.js';
import { styleFor } from '../../src/cli/style.js';
import { PurchaseFailedError, type PurchaseReport } from '../../src/client/index.js';

const AT = '2026-01-31T12:00:00.000Z';
const NOW = Date.parse(AT);
const LOOK: Look = { style: styleFor({ isTTY: false }), width: 80, now: NOW };

/** What a terminal would obey: C0, DEL and C1, line separators, and what turns the direction of writing. */
const OBEYED = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const HOSTILE: readonly [name: string, text: string][] = [
  ['colours and a cleared screen', 'no\u001b[31;5mred\u001b[2J\u001b[H'],
  ['the same with C1 bytes', 'no\u009b31mred\u009b2J'],
  ['a link (OSC 8)', '\u001b]8;;https://evil.example\u001b\\click\u001b]8;;\u001b\\'],
  ['a link that C1 bytes begin and end', '\u009d8;;https://evil.example\u009cclick\u009d8;;\u009c'],
  ['a title and a clipboard (OSC 0, 52)', '\u001b]0;owned\u0007\u001b]52;c;cm0gLXJm\u0007'],
  ['device strings that do not end', '\u001bP+q544e\u001b_x\u001b^y\u0090z'],
  ['lines of its own', 'fine\r\nerror: forged\u0085next\u2028more\u2029still\u000b\u000c'],
  ['text that runs backwards', 'invoice\u202efdp.exe\u202c \u2066a\u2069 \u200fb\u061c'],
  ['what deletes and rings', 'abc\u0008\u0008\u0008xyz\u007f\u0007\u0000'],
  ['no end', 'long '.repeat(100_000)],
  ['no end and no space', '\u001b[1m'.repeat(10) + 'x'.repeat(500_000)],
];

function report(text: string): PurchaseReport {
  return {
    workflowId: 'purchase:P:EXT-1',
    runStatus: 'RUNNING',
    answeredBy: 'worker',
    asOf: AT,
    status: {
      externalSubscriptionId: text,
      tradingPartnerId: text,
      phase: 'ActionRequired',
      subscriptionNumber: text,
      portalStatus: text,
      polls: 3,
      nextPollAt: text,
      deadline: text,
      actionRequired: text,
      cancellation: { requestedAt: AT, via: 'signal', reason: text },
      lastError: { type: 'OrderRejected', message: text, at: text },
      timeline: [{ at: text, event: text, detail: text }],
    },
  };
}

/** A report of the simulator in which every text is hostile. */
function portalReport(text: string): PortalReport {
  const calls = { call: text, status: text, fault: text, count: 2, afterMs: 0, lastAfterMs: 1 };
  const order = { externalSubscriptionId: text, tradingPartnerId: text, subscriptionNumber: text };
  const orders = [order, { ...order, tradingPartnerId: 'P' }];
  const story = { externalSubscriptionId: text, orders, isDoubleOrder: true, firstCallAt: text };
  return {
    url: 'http://127.0.0.1:1',
    purchases: [{ ...story, calls: [calls] }],
    tokens: [{ scope: text, calls: 1, answers: { [text]: 1 } }],
    totals: { calls: 2, faults: 2, orders: 2, doubleOrders: 1 },
  };
}

/** What an error looks like on standard error. */
function printed(error: unknown, format: Format): string[] {
  let all = '';
  printError(reportOf(error), format, { write: (part: string) => (all += part) });
  return all.trimEnd().split('\n');
}

function json(value: object, format: 'json' | 'jsonl'): string[] {
  let all = '';
  new Output(format, { write: (part: string) => (all += part) }).item(value, () => []);
  return all.trimEnd().split('\n');
}

function listing(text: string) {
  const { workflowId, runStatus } = report(text);
  const ids = { externalSubscriptionId: text, tradingPartnerId: text, subscriptionNumber: text };
  return {
    workflowId,
    runStatus,
    ...ids,
    phase: 'ActionRequired',
    reason: 'OrderRejected',
    startedAt: text,
    asOf: text,
  } as const;
}

function view(text: string): PurchaseView {
  const poller = { identity: text, buildId: text, isVersioned: false };
  const queue = { pollers: [poller], backlog: 1, backlogAgeMs: 1, servedBuilds: {} };
  return {
    ...report(text),
    run: { runId: 'r', startedAt: text, historyEvents: 3 },
    runs: [{ runId: text, runStatus: 'FAILED', startedAt: text, closedAt: text }],
    pendingActivities: [
      {
        activity: text,
        state: 'scheduled',
        attempt: 2,
        worker: text,
        lastFailure: { type: text, message: text },
      },
    ],
    queue: { name: text, workflow: queue, activity: queue },
    order: { lines: [{ productId: text, quantity: 1 }] },
    // It was asked for, and is shown whole.
    orderDocument: { note: text.slice(0, 2_000) },
  };
}

function failure(text: string): PurchaseFailedError {
  const detail = { actionRequired: text, subscriptionNumber: text };
  return new PurchaseFailedError('OrderRejected', text, detail, 'purchase:P:EXT-1');
}

const SHOWN: readonly [name: string, show: (text: string) => readonly string[]][] = [
  ['status', (text) => statusLines(report(text), LOOK)],
  ['show', (text) => showLines(view(text), LOOK)],
  ['doctor', (text) => findingLines([{ check: 'portal', state: 'bad', message: text, hint: text }], LOOK)],
  ['what moves while it is waited for', (text) => [shortStatus(report(text), NOW)]],
  ['watch', (text) => new ChangePrinter().lines(report(text), LOOK)],
  [
    'the end of watch',
    (text) => new ChangePrinter().lines({ ...report(text), runStatus: 'COMPLETED' }, LOOK),
  ],
  ['list', (text) => listLines([listing(text)], 20, LOOK)],
  ['an error of a purchase', (text) => printed(failure(text), 'text')],
  ['an error of ours', (text) => printed(usageError(text, text), 'text')],
  ['an error of nobody', (text) => printed(new Error(text), 'text')],
  ["the simulator's report", (text) => portalReportLines(portalReport(text), LOOK)],
];

describe.each(HOSTILE)('%s', (_name, text) => {
  it.each(SHOWN)('does nothing to a terminal in %s', (_where, show) => {
    for (const line of show(text)) {
      expect(line).not.toMatch(OBEYED);
      // Five texts of others at most stand in one line, each of them cut.
      expect(line.length).toBeLessThan(5 * 2_100);
    }
  });

  it('is the same in JSON, and does nothing there', () => {
    const error = { error: reportOf(failure(text)) };
    for (const [value, lines] of [
      [report(text), json(report(text), 'jsonl')],
      [report(text), json(report(text), 'json')],
      [error, printed(failure(text), 'jsonl')],
    ] as const) {
      for (const line of lines) expect(line).not.toMatch(OBEYED);
      expect(JSON.parse(lines.join('\n'))).toEqual(value);
    }
  });
});
