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
    expect(text).toMatch(/No worker answered within 5s\. If a worker was just started, ask again/);
  });

  it('says with which command a person helps it on, and ends no sentence twice', () => {
    const status = {
      phase: 'ActionRequired',
      actionRequired: 'Mend it.. Then send the "retry" signal: it goes on.',
    } as const;
    const lines = statusLines(report({}, status), { ...LOOK, width: 60 });
    expect(lines).toContain('  what to do        Mend it. Then run');
    expect(lines).toContain('                    `npx marketplace retry purchase:P:EXT-1`:');
  });

  it('explains the phases that do not explain themselves', () => {
    const text = (phase: 'Placing' | 'Confirming') =>
      statusLines(report({}, { phase }), { ...LOOK, width: 200 }).join('\n');
    expect(text('Placing')).toMatch(
      /this means +the order is being placed;.* two hours \(.*\), then a person/,
    );
    expect(text('Placing')).toMatch(/next try +in 4s/);
    expect(text('Confirming')).toMatch(/this means +whether the order was placed is being found out/);
    expect(text('Confirming')).toMatch(/looked for again +in 4s/);
  });

  it('tells an error that was overcome from one that lasts', () => {
    const at = '2026-01-31T11:59:00.000Z';
    const text = (status: Partial<PurchaseReport['status']>) =>
      statusLines(report({}, status), LOOK).join('\n');
    const lastError = { type: 'InvalidClient', message: 'bad secret..', at } as const;
    const parked = { at, event: 'Parked' };
    const token = { at: '2026-01-31T11:59:30.000Z', event: 'TokenFetched' };
    expect(text({ lastError, phase: 'Provisioned' })).toMatch(
      /earlier error .*gone on since: bad secret\.$/m,
    );
    expect(text({ lastError })).toContain('earlier error');
    expect(text({ lastError, phase: 'Placing', timeline: [parked] })).toContain('last error');
    expect(text({ lastError, phase: 'Placing', timeline: [parked, token] })).toContain('earlier error');
    expect(text({ lastError, phase: 'Failed', timeline: [parked, token] })).toContain('last error');
  });

  it('wraps its timeline beside the names, and says how long a token is good', () => {
    const at = '2026-01-31T11:58:00.000Z';
    const timeline = [
      { at, event: 'TokenFetched', detail: 'scope, good until 2026-01-31T13:58:00.000Z' },
      { at, event: 'PortalTrouble', detail: 'PortalUnavailable: nobody answers there at all' },
    ];
    expect(statusLines(report({}, { timeline }), { ...LOOK, width: 68 }).slice(-3)).toEqual([
      '  2026-01-31T11:58:00Z  OAuth token     scope, good for 2h',
      '  2026-01-31T11:58:00Z  Portal trouble  PortalUnavailable: nobody',
      '                                        answers there at all',
    ]);
  });

  it('says when a run was stopped from outside, whatever phase it had', () => {
    const lines = statusLines(report({ runStatus: 'TERMINATED' }), LOOK).join('\n');
    expect(lines).toMatch(/^EXT-1 {2}Terminated \(was Provisioning\)\n/);
    expect(lines).toContain('stopped from outside');
    expect(lines).toMatch(/first wait\s+in\s+Confirming/);
    expect(lines.replaceAll(/\s+/g, ' ')).toContain('the purchase again (`npx marketplace purchase FILE`)');
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

  it('says no more of a cancelled purchase than anybody knows', () => {
    const cancellation = { requestedAt: '2026-01-31T11:59:00.000Z', via: 'update' } as const;
    const text = (event: string) => {
      const timeline = [{ at: '2026-01-31T11:58:00.000Z', event }];
      const cancelled = report({ runStatus: 'CANCELLED' }, { phase: 'Cancelled', cancellation, timeline });
      return statusLines(cancelled, { ...LOOK, width: 300 }).join('\n');
    };
    expect(text('Started')).toContain(
      'this purchase placed nothing itself; whether the order existed before could not be found out',
    );
    expect(text('OutcomeUnknown')).toContain('an order may have been sent');
    expect(text('Started')).toMatch(/what to do +Ask GitLab .* or start the purchase again .*: it looks/);
  });
});

describe('a list in text', () => {
  const listing: PurchaseListing = {
    ...IDS,
    workflowId: 'purchase:P:EXT-1',
    runStatus: 'RUNNING',
    startedAt: '2026-01-31T11:00:00.000Z',
    asOf: '2026-01-31T11:57:30.000Z',
  };

  it('has a head and aligned columns', () => {
    expect(listLines([listing], 20, LOOK)).toEqual([
      'ID     PHASE      PARTNER  STARTED  AS OF',
      'EXT-1  not begun  P        1h ago   2m ago',
    ]);
  });

  it('says why purchases are stuck, and which runs were cut off', () => {
    const parked = { ...listing, phase: 'ActionRequired', reason: 'InvalidClient' } as const;
    const stopped = { ...listing, phase: 'Placing', runStatus: 'TERMINATED' } as const;
    expect(listLines([parked, stopped], 20, LOOK)).toEqual([
      'ID     PHASE                     PARTNER  STARTED  AS OF   REASON',
      'EXT-1  ActionRequired            P        1h ago   2m ago  InvalidClient',
      'EXT-1  Terminated (was Placing)  P        1h ago   2m ago  -',
    ]);
  });

  it('fits 80 columns', () => {
    const wide = {
      ...listing,
      externalSubscriptionId: 'EXT-100001',
      tradingPartnerId: '0012300000AbCdEAAA',
      phase: 'ActionRequired',
      reason: 'UnexpectedResponse',
    } as const;
    const lines = listLines([wide], 20, { ...LOOK, width: 80 });
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    // What all have in common is said once, where it would not fit beside the rest.
    expect(lines.at(-1)).toBe('All of trading partner 0012300000AbCdEAAA');
    expect(lines[0]).not.toContain('PARTNER');
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
      '  2026-01-31T11:58:00Z  Purchase started',
      '  2026-01-31T11:58:01Z  SomethingNew        x',
      '  now: Provisioning, A-S1, the portal says Created, next poll in 4s',
    ]);
    const end = report({ runStatus: 'COMPLETED' }, { phase: 'Provisioned', timeline: [] });
    expect(printer.lines(end, LOOK)).toEqual(['Provisioned: subscription A-S1']);
  });

  it('says at once what a parked purchase waits for, and only once', () => {
    const printer = new ChangePrinter();
    const parked = report(
      {},
      { phase: 'ActionRequired', actionRequired: 'Then send the "retry" signal.', timeline: [] },
    );
    expect(printer.lines(parked, LOOK)).toEqual([
      expect.stringContaining('now: ActionRequired'),
      '  what to do: Then run `npx marketplace retry purchase:P:EXT-1`.',
    ]);
    expect(printer.lines(parked, LOOK)).toEqual([]);
  });

  it('explains trouble and doubt when they come', () => {
    const printer = new ChangePrinter();
    const begun = report({}, { phase: 'Placing', timeline: [] });
    expect(printer.lines(begun, LOOK).join(' ')).toMatch(/now: Placing, .*next try in 4s: .*two hours/);
    const doubt = { at: '2026-01-31T12:00:00.000Z', event: 'OutcomeUnknown' };
    const doubted = report({}, { phase: 'Confirming', timeline: [doubt] });
    const lines = printer.lines(doubted, { ...LOOK, width: 200 });
    expect(lines.join(' ')).toMatch(/now: Confirming.* is being found out, looked for again in 4s/);
  });

  it('ends at once while nobody answers', async () => {
    const reason = new Error('enough');
    const never = () => new Promise<PurchaseReport>(() => undefined);
    const changing = changesOf(never, { everyMs: 1, signal: AbortSignal.abort(reason) });
    await expect(changing.next()).rejects.toBe(reason);
    const late = changesOf(never, { everyMs: 1, signal: AbortSignal.timeout(20) });
    await expect(late.next()).rejects.toThrow('timeout');
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
    hintLines({ ...facts, server: { ...facts.server, address } }, LOOK, env).join('\n');

  it('link to the very run', () => {
    expect(webUiLink(facts)).toBe(
      'http://127.0.0.1:8233/namespaces/default/workflows/purchase%3AP%3AEXT-1/run-1/user-metadata',
    );
  });

  it('name the server only where others would not find it', () => {
    expect(hints('127.0.0.1:7233', {})).not.toContain('--address');
    expect(hints('127.0.0.1:5000', {})).toContain('marketplace show EXT-1 --address 127.0.0.1:5000');
    expect(hints('127.0.0.1:7233', { TEMPORAL_ADDRESS: 'x:1' })).toContain('--address 127.0.0.1:7233');
    expect(hints('127.0.0.1:7233', { TEMPORAL_NAMESPACE: 'n' })).toContain('--namespace default');
  });

  it('name the path of the CLI once, unless it is on PATH', () => {
    const lines = hints('127.0.0.1:7233', {});
    expect(lines).toMatch(/^ {2}TEMPORAL='\/opt\/temporal cli\/temporal'\n {2}"\$TEMPORAL" workflow show/m);
    expect(lines.match(/\/opt/g)).toHaveLength(1);
    expect(hints('127.0.0.1:7233', { PATH: '/bin:/opt/temporal cli' })).toContain('  temporal workflow show');
  });
});
