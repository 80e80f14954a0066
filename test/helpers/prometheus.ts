import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { freePorts } from '../../src/temporal/ports.js';
import { eventually } from './eventually.js';

const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url));
export const RULES = join(DEPLOY, 'prometheus/alerts.yml');
export const CONFIG = join(DEPLOY, 'prometheus/prometheus.yml');
export const RULE_TESTS = join(DEPLOY, 'prometheus/alerts.test.yml');
const DASHBOARD = join(DEPLOY, 'grafana/dashboards/marketplace.json');

/** Whether Debian's package `prometheus` is there. Where everything is checked, it must be. */
export const HAS_PROMETHEUS = isThere('prometheus') && isThere('promtool');
if (!HAS_PROMETHEUS && process.env['CI']) {
  throw new Error('prometheus and promtool are not on PATH: apt-get install prometheus');
}

function isThere(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const rulesSchema = z.object({
  groups: z.array(
    z.looseObject({
      rules: z.array(
        z.looseObject({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          annotations: z.object({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
        }),
      ),
    }),
  ),
});

const rulesFile = () => rulesSchema.parse(parse(readFileSync(RULES, 'utf8')));
export const alerts = () => rulesFile().groups.flatMap(({ rules }) => rules);

const dashboardSchema = z.object({
  panels: z.array(
    z.object({
      type: z.string(),
      title: z.string(),
      description: z.string().optional(),
      fieldConfig: z.object({ defaults: z.object({ unit: z.string() }) }).optional(),
      targets: z.array(z.object({ expr: z.string() })).optional(),
    }),
  ),
});

/** The panels that show something: not the headings. */
export const panels = () =>
  dashboardSchema
    .parse(JSON.parse(readFileSync(DASHBOARD, 'utf8')))
    .panels.filter(({ type }) => type !== 'row');

/** What the dashboard asks, with Grafana's variables filled in. */
export const queries = () =>
  panels().flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ title, query: expr.replaceAll('$__rate_interval', '1m') })),
  );

/** The metrics in a query. Our label values and PromQL's words look otherwise. */
export function metricsIn(query: string): string[] {
  return query.match(/\b(?:marketplace|temporal)_\w+\b/g) ?? [];
}

const answerSchema = z.object({ status: z.literal('success'), data: z.unknown() });
const resultSchema = z.object({ result: z.array(z.unknown()) });
const alertsSchema = z.object({
  alerts: z.array(z.object({ labels: z.looseObject({ alertname: z.string() }), state: z.string() })),
});

/** A Prometheus with the checked-in configuration, but short times and its own targets. */
export class Prometheus {
  readonly #process;
  readonly #url: string;
  readonly #folder: string;

  private constructor(process: ReturnType<typeof spawn>, url: string, folder: string) {
    this.#process = process;
    this.#url = url;
    this.#folder = folder;
  }

  static async start(targets: readonly string[]): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
    const config = z
      .looseObject({ scrape_configs: z.array(z.looseObject({ dns_sd_configs: z.unknown() })) })
      .parse(parse(readFileSync(CONFIG, 'utf8')));
    const scrapes = config.scrape_configs.map(({ dns_sd_configs: _elsewhere, ...scrape }) => ({
      ...scrape,
      static_configs: [{ targets }],
    }));
    const global = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' };
    writeFileSync(join(folder, 'prometheus.yml'), stringify({ ...config, global, scrape_configs: scrapes }));
    const { groups } = rulesFile();
    const hasty = groups.map((group) => ({
      ...group,
      rules: group.rules.map((rule) => ({ ...rule, ...(rule.for !== undefined && { for: '1s' }) })),
    }));
    writeFileSync(join(folder, 'alerts.yml'), stringify({ groups: hasty }));
    const [port] = await freePorts([0]);
    const child = spawn(
      'prometheus',
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=error',
      ],
      { stdio: 'ignore' },
    );
    const prometheus = new Prometheus(child, `http://127.0.0.1:${port}`, folder);
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}`);
      const ready = await fetch(`${prometheus.#url}/-/ready`).catch(() => undefined);
      return ready?.ok || undefined;
    });
    return prometheus;
  }

  /** What a query answers now. */
  async query(query: string): Promise<unknown[]> {
    return resultSchema.parse(await this.#ask(`query?query=${encodeURIComponent(query)}`)).result;
  }

  async metricNames(): Promise<string[]> {
    return z.array(z.string()).parse(await this.#ask('label/__name__/values'));
  }

  /** The names of the alerts that fire now. */
  async firing(): Promise<string[]> {
    const { alerts: all } = alertsSchema.parse(await this.#ask('alerts'));
    return all.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname);
  }

  async #ask(path: string): Promise<unknown> {
    const response = await fetch(`${this.#url}/api/v1/${path}`);
    const text = await response.text();
    if (!response.ok) throw new Error(`Prometheus refused ${decodeURIComponent(path)}: ${text}`);
    return answerSchema.parse(JSON.parse(text)).data;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => {
      this.#process.once('exit', resolve);
    });
    this.#process.kill('SIGTERM');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
