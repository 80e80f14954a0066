import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { LISTS, listUrl, runUrl, startOfDay } from '../../src/temporal/ui-links.js';

const ui = { url: 'http://localhost:8233', namespace: 'default' };

describe('a link to the Web UI', () => {
  it('opens a list', () => {
    expect(listUrl(ui, LISTS.overdue())).toBe(
      "http://localhost:8233/namespaces/default/workflows?query=WorkflowType%20%3D%20'PurchaseWorkflow'%20AND%20PurchasePhase%20%3D%20'Overdue'",
    );
  });

  it('keeps a path of the Web UI, and what is special in a namespace', () => {
    const url = listUrl({ url: 'https://temporal.example/ui/', namespace: 'a/b c' }, 'x');
    expect(url).toBe('https://temporal.example/ui/namespaces/a%2Fb%20c/workflows?query=x');
  });

  it('opens a run, whatever its ID', () => {
    const base = 'http://localhost:8233/namespaces/default/workflows';
    expect(runUrl(ui, 'purchase:P:a%2Fb')).toBe(`${base}/purchase%3AP%3Aa%252Fb`);
    expect(runUrl(ui, 'purchase:P:1', 'run')).toBe(`${base}/purchase%3AP%3A1/run`);
    expect(runUrl(ui, 'purchase:P:1', 'run', 'memo')).toBe(`${base}/purchase%3AP%3A1/run/memo`);
  });
});

describe('a list', () => {
  it.each([
    [LISTS.all(), "WorkflowType = 'PurchaseWorkflow'"],
    [
      LISTS.parked(),
      "WorkflowType = 'PurchaseWorkflow' AND PurchasePhase = 'ActionRequired' AND ExecutionStatus = 'Running'",
    ],
    [
      LISTS.failedSince(new Date(0)),
      "WorkflowType = 'PurchaseWorkflow' AND ExecutionStatus = 'Failed' AND CloseTime >= '1970-01-01T00:00:00.000Z'",
    ],
    [LISTS.partner("O'Hara"), "WorkflowType = 'PurchaseWorkflow' AND TradingPartnerId = 'O''Hara'"],
    [LISTS.order('EXT-1'), "WorkflowType = 'PurchaseWorkflow' AND ExternalSubscriptionId = 'EXT-1'"],
  ])('is found by %s', (query, expected) => {
    expect(query).toBe(expected);
  });

  it('of each kind, and a link to one, is in the docs as it is here', async () => {
    const docs = await readFile(new URL('../../docs/web-ui.md', import.meta.url), 'utf8');
    const queries = [
      LISTS.all(),
      LISTS.parked(),
      LISTS.overdue(),
      LISTS.partner('0012300000AbCdE'),
      LISTS.order('EXT-1001'),
      LISTS.failedSince(new Date('2026-01-31')),
    ];
    for (const query of queries) expect(docs).toContain(`| \`${query}\` `);
    expect(docs).toContain(`\n${listUrl(ui, LISTS.parked())}\n`);
  });

  it('of today begins when the day began in UTC', () => {
    expect(startOfDay(new Date('2026-02-28T23:59:59.999Z'))).toEqual(new Date('2026-02-28T00:00:00.000Z'));
  });
});
