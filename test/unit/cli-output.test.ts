import { describe, expect, it } from 'vitest';
import { changesOf } from '../../src/cli/changes.js';
import { Output, type Format, type Look } from '../../src/cli/output.js';
import { hintLines, webUiLink } from '../../src/cli/demo/hints.js';
import { ChangePrinter } from '../../src/cli/render-change.js';
import { listLines } from '../../src/cli/render-list.js';
import { statusLines } from '../../src/cli/render-status.js';
import { styleFor } from '../../src/cli/style.js';
import type { PurchaseListing, PurchaseReport } from '../../src/client/index.js';

const NOW = Date.parse('2026-01-31T12:00:00.000Z');
const LOOK: Look = { style: styleFor({ isTTY: false }), width: 100, now: NOW };
const IDS = { externalSubscriptionId: 'EXT-1', tradingPartnerId: 'P' };

const REPORT: PurchaseReport = {
  workflowId: 'purchase:P:EXT-1',
  runStatus: 'RUNNING',
  answeredBy: 'worker',
  asOf: '2026-01-31T12:00:00.000Z',
  status: {
    ...IDS,
    phase: 'Provisioning',
    subscriptionNumber: 'A-S1',
    portalStatus: 'Created\u001b[2J',
    polls: 3,
    nextPollAt: '2026-01-31T12:00:04.000Z',
    deadline: '2026-02-28T12:00:00.000Z',
    lastError: { type: 'PortalUnavailable', message: 'down\nagain', at: '2026-01-31T11:59:00.000Z' },
    timeline: [
      { at: '2026-01-31T11:58:00.000Z', event: 'Started' },
      { at: '2026-01-31T11:58:01.000Z', event: 'SomethingNew', detail: 'x\u0007' },
    ],
  },
};

function report(
  changes: Partial<PurchaseReport>,
  status: Partial<PurchaseReport['status']> = {},
): PurchaseReport {
  return { ...REPORT, ...changes, status: { ...REPORT.status, ...status } };
}

describe('a status in text', () => {
  it('says where it is, why and since when', () => {
    expect(statusLines(REPORT, LOOK)).toEqual([
      'EXT-1  Provisioning',
      '  subscription      A-S1',
      '  trading partner   P',
      '  portal status     Created (asked 3 times)',
      '  next poll         in 4s (2026-01-31T12:00:04Z)',
      '  deadline          in 28d (2026-02-28T12:00:00Z)',
      '  last error        PortalUnavailable, 1m ago (2026-01-31T11:59:00Z): down again',
      '  workflow          purchase:P:EXT-1 (running)',
      '  known from        the purchase itself, now',
      '',
      'Timeline',
      '  2026-01-31T11:58:00Z  Purchase started',
      '  2026-01-31T11:58:01Z  SomethingNew      x',
    ]);
  });

  it('says what a person must do', () => {
    const lines = statusLines(report({}, { phase: 'ActionRequired', actionRequired: 'Call them.' }), LOOK);
    expect(lines).toContain('  what to do        Call them.');
  });

  it('says when it is not from a worker, and how old it is', () => {
    const text = statusLines(report({ answeredBy: 'server', asOf: '2026-01-31T11:00:00.000Z' }), LOOK).join(
      '\n',
    );
    expect(text).toContain("the server's record of 1h ago (2026-01-31T11:00:00Z); no worker answered");
    expect(text).toContain('Start a worker');
  });

  it('says when a run was stopped from outside, whatever phase it had', () => {
    const lines = statusLines(report({ runStatus: 'TERMINATED' }), LOOK).join('\n');
    expect(lines).toContain('stopped from outside');
    expect(lines).not.toContain('next poll');
  });

  it('says what came of a wish to cancel', () => {
    const cancellation = { requestedAt: '2026-01-31T11:59:00.000Z', via: 'signal', reason: 'a\nb' } as const;
    const text = (effect?: 'too-late' | 'not-placed') =>
      statusLines(report({}, { cancellation: { ...cancellation, ...(effect && { effect }) } }), {
        ...LOOK,
        width: 200,
      }).join('\n');
    expect(text('too-late')).toMatch(/too late, the order stands; asked for 1m ago .* via signal, "a b"/);
    expect(text('not-placed')).toContain('no order was placed');
    expect(text()).toContain('not known yet');
  });
});

describe('a list in text', () => {
  const listing: PurchaseListing = {
    ...IDS,
    workflowId: 'purchase:P:EXT-1',
    runStatus: 'RUNNING',
    startedAt: '2026-01-31T11:00:00.000Z',
  };

  it('has a head and aligned columns', () => {
    expect(listLines([listing], 20, LOOK)).toEqual([
      'ID     PHASE      SUBSCRIPTION  PARTNER  RUN      STARTED',
      'EXT-1  not begun  -             P        running  2026-01-31T11:00:00Z (1h ago)',
    ]);
  });

  it('says when it is empty, or may have more', () => {
    expect(listLines([], 20, LOOK)).toEqual(['No purchases match.']);
    expect(listLines([listing], 1, LOOK).at(-1)).toContain('--limit');
  });
});

describe('output', () => {
  async function* two() {
    yield { a: 1 };
    yield { a: 2 };
  }

  function capture(format: Format): { output: Output; text: () => string } {
    let text = '';
    const sink = { write: (part: string) => (text += part) };
    return { output: new Output(format, sink, sink), text: () => text };
  }

  it('is one JSON document', async () => {
    const { output, text } = capture('json');
    await output.items(two(), () => ['never']);
    output.note(() => 'never');
    expect(JSON.parse(text())).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it('is a JSON line for each item', async () => {
    const { output, text } = capture('jsonl');
    await output.items(two(), () => ['never']);
    expect(text()).toBe('{"a":1}\n{"a":2}\n');
  });

  it('is text for people', async () => {
    const { output, text } = capture('text');
    await output.items(two(), (items) => [`${items.length} items`]);
    expect(text()).toBe('2 items\n');
  });
});

describe('watching', () => {
  async function changes(reports: readonly PurchaseReport[]): Promise<PurchaseReport[]> {
    const left = [...reports];
    const seen: PurchaseReport[] = [];
    const ask = async () => left.shift() ?? report({ runStatus: 'COMPLETED' });
    for await (const change of changesOf(ask, { everyMs: 1 })) seen.push(change);
    return seen;
  }

  it('tells what changed, and only what is new of the timeline', async () => {
    const more = [
      ...(REPORT.status.timeline ?? []),
      { at: '2026-01-31T12:00:01.000Z', event: 'Provisioned' },
    ];
    const seen = await changes([
      REPORT,
      report({ asOf: 'later' }, { polls: 4, nextPollAt: '2026-01-31T12:00:09.000Z' }),
      report({ runStatus: 'COMPLETED' }, { phase: 'Provisioned', timeline: more }),
    ]);
    expect(seen.map(({ status }) => [status.phase, status.timeline?.map(({ event }) => event)])).toEqual([
      ['Provisioning', ['Started', 'SomethingNew']],
      ['Provisioned', ['Provisioned']],
    ]);
  });

  it('ends with its reason when it is aborted', async () => {
    const reason = new Error('enough');
    const stop = new AbortController();
    const watch = async () => {
      for await (const _change of changesOf(async () => REPORT, { everyMs: 60_000, signal: stop.signal })) {
        stop.abort(reason);
      }
    };
    await expect(watch()).rejects.toBe(reason);
  });

  it('is shown as what happened, and how it ended', () => {
    const printer = new ChangePrinter();
    expect(printer.lines(REPORT, LOOK)).toEqual([
      'purchase:P:EXT-1',
      '  2026-01-31T11:58:00Z  Purchase started',
      '  2026-01-31T11:58:01Z  SomethingNew        x',
      '  now: Provisioning, A-S1, the portal says Created, next poll in 4s',
    ]);
    const end = report({ runStatus: 'COMPLETED' }, { phase: 'Provisioned', timeline: [] });
    expect(printer.lines(end, LOOK)).toEqual(['Provisioned: subscription A-S1']);
  });
});

describe("the demonstration's hints", () => {
  const facts = {
    ids: IDS,
    runId: 'run-1',
    executable: '/opt/temporal cli/temporal',
    server: { address: '127.0.0.1:7233', namespace: 'default', uiUrl: 'http://127.0.0.1:8233' },
  };
  const hints = (address: string, env: NodeJS.ProcessEnv) =>
    hintLines({ ...facts, server: { ...facts.server, address } }, { once: false, env }, LOOK).join('\n');

  it('link to the very run', () => {
    expect(webUiLink(facts)).toBe(
      'http://127.0.0.1:8233/namespaces/default/workflows/purchase%3AP%3AEXT-1/run-1/history',
    );
  });

  it('name the server only where others would not find it', () => {
    expect(hints('127.0.0.1:7233', {})).not.toContain('--address');
    expect(hints('127.0.0.1:5000', {})).toContain('marketplace status EXT-1 --address 127.0.0.1:5000');
    expect(hints('127.0.0.1:7233', { TEMPORAL_ADDRESS: 'x:1' })).toContain('--address 127.0.0.1:7233');
    expect(hints('127.0.0.1:7233', { TEMPORAL_NAMESPACE: 'n' })).toContain('--namespace default');
  });

  it('name the CLI by its path unless it is on PATH', () => {
    expect(hints('127.0.0.1:7233', {})).toContain("'/opt/temporal cli/temporal' workflow show");
    expect(hints('127.0.0.1:7233', { PATH: '/bin:/opt/temporal cli' })).toContain('  temporal workflow show');
  });
});
