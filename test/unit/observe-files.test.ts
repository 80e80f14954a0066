import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { METRICS } from '../../src/contract/metrics.js';
import {
  alerts,
  CONFIG,
  HAS_PROMETHEUS,
  metricsIn,
  panels,
  queries,
  RULES,
  RULE_TESTS,
} from '../helpers/prometheus.js';

// What is deployed beside the workers, and what docs/observe.md says of it.

const page = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)), 'utf8');

/** The cells of the table below a heading, without its head. */
function tableBelow(heading: string): string[][] {
  const section = page('observe.md').split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

describe.skipIf(!HAS_PROMETHEUS)('promtool', () => {
  it.each([
    ['check', 'config', CONFIG],
    ['check', 'rules', RULES],
    ['test', 'rules', RULE_TESTS],
  ])('%s %s %s', (...words) => {
    expect(execFileSync('promtool', words, { encoding: 'utf8', stdio: 'pipe' })).toContain('SUCCESS');
  });
});

describe('an alert', () => {
  const testsSchema = z.object({
    tests: z.array(
      z.object({
        alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })),
      }),
    ),
  });
  const cases = testsSchema
    .parse(parse(readFileSync(RULE_TESTS, 'utf8'), { merge: true }))
    .tests.flatMap(({ alert_rule_test }) => alert_rule_test);

  it.each(alerts())('$alert is tested to fire and to keep silent', ({ alert }) => {
    const own = cases.filter(({ alertname }) => alertname === alert);
    expect(own.some(({ exp_alerts }) => exp_alerts.length > 0)).toBe(true);
    expect(own.some(({ exp_alerts }) => exp_alerts.length === 0)).toBe(true);
  });

  it.each(alerts())('$alert says what to do, and where that is written', ({ annotations }) => {
    expect(annotations.summary).not.toBe('');
    expect(annotations.description).not.toBe('');
    const [file, anchor] = annotations.runbook_url.split('#');
    expect(file).toBe('docs/runbook.md');
    const anchors = [...page('runbook.md').matchAll(/^## (.+)$/gm)].map(([, title = '']) =>
      title.toLowerCase().replaceAll(' ', '-'),
    );
    expect(anchors).toContain(anchor);
  });
});

describe('the dashboard', () => {
  it('says of each panel what it shows, in which unit', () => {
    expect(panels().length).toBeGreaterThan(20);
    for (const { title, description, fieldConfig, targets } of panels()) {
      expect({ title, description }).toEqual({ title, description: expect.stringMatching(/\w.*\.$/) });
      expect(fieldConfig?.defaults.unit).not.toBe('');
      expect(targets?.length).toBeGreaterThan(0);
    }
  });

  it('shows every metric of ours', () => {
    const shown = queries()
      .flatMap(({ query }) => metricsIn(query))
      .map((name) => name.replace(/_bucket$/, ''));
    for (const { name } of Object.values(METRICS)) expect(shown).toContain(name);
  });
});

describe('docs/observe.md', () => {
  it('lists the metrics that there are', () => {
    expect(tableBelow('Metrics')).toEqual(
      Object.values(METRICS).map(({ name, kind, labels, help }) => [
        `\`${name}\``,
        kind,
        labels.map((label) => `\`${label}\``).join(', '),
        help,
      ]),
    );
  });

  it('lists the alerts that there are', () => {
    expect(
      tableBelow('Alerts').map(([alert, , , link = '']) => ({ alert, link: /\((.*)\)/.exec(link)?.[1] })),
    ).toEqual(
      alerts().map(({ alert, annotations }) => ({
        alert: `\`${alert}\``,
        link: annotations.runbook_url.replace('docs/', ''),
      })),
    );
  });
});
