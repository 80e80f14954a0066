import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { METRICS, type Metric } from '../../src/contract/metrics.js';
import { freePorts } from '../../src/temporal/ports.js';
import { eventually } from '../helpers/eventually.js';
import { TASK_QUEUE } from '../../src/contract/index.js';
import { anOrder } from '../helpers/orders.js';
import { alerts, HAS_PROMETHEUS, metricsIn, Prometheus, queries } from '../helpers/prometheus.js';
import { WorkerRig } from '../helpers/worker-rig.js';

// A real Prometheus that scrapes two real workers.

/** Calls a second: more than are made. */
const RATE = 50;

const refused = () => anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] });

describe.skipIf(!HAS_PROMETHEUS)('two workers and a Prometheus', () => {
  let rig: WorkerRig;
  let prometheus: Prometheus;
  let addresses: string[];

  beforeAll(async () => {
    rig = await WorkerRig.start();
    addresses = (await freePorts([0, 0])).map((port) => `127.0.0.1:${port}`);
    for (const address of addresses) {
      await rig.startWorker({
        MARKETPLACE_METRICS_ADDRESS: address,
        MARKETPLACE_PORTAL_RATE: String(RATE),
      });
    }
    prometheus = await Prometheus.start(addresses);
    await eventually(async () => (await sum('sum(up{job="marketplace-worker"})')) === 2 || undefined);

    const lost = anOrder();
    const { externalSubscriptionId } = lost;
    rig.simulator.addFault({ call: 'place', externalSubscriptionId, then: { do: 'drop', when: 'after' } });
    for (const order of [anOrder(), anOrder(), lost]) {
      await rig.begin(order);
      await rig.until(order, ({ phase }) => phase === 'Provisioned');
    }
    const parked = await rig.begin(refused(), { onRejected: 'park' });
    await rig.until(parked, ({ phase }) => phase === 'ActionRequired');
    const failed = await rig.begin(refused());
    await rig.until(failed, ({ phase }) => phase === 'Failed');
    // Counts come from Temporal's lists, every half a minute.
    const counted = 'max(marketplace_purchases{phase="ActionRequired"})';
    await eventually(async () => (await sum(counted)) === 1 || undefined, 900);
  }, 240_000);

  afterAll(async () => {
    await prometheus?.stop();
    await rig?.stop();
  });

  /** The value of a query that has one. */
  async function sum(query: string): Promise<number | undefined> {
    const [first] = await prometheus.query(query);
    const value: unknown = typeof first === 'object' && first !== null ? Reflect.get(first, 'value') : [];
    return Array.isArray(value) && value.length === 2 ? Number(value[1]) : undefined;
  }

  async function exportedLines(): Promise<string[]> {
    const texts = await Promise.all(
      addresses.map(async (address) => (await fetch(`http://${address}/metrics`)).text()),
    );
    return texts.join('\n').split('\n');
  }

  const boundOf = (line: string, name: string) =>
    line.startsWith(`${name}_bucket`) ? /le="([^"]+)"/.exec(line)?.[1] : undefined;

  it('export every metric of ours, and each with the labels that it is said to have', async () => {
    const lines = await exportedLines();
    for (const { name, kind, labels } of Object.values(METRICS)) {
      expect(lines).toContain(`# TYPE ${name} ${kind}`);
      const sample = lines.find((line) => line.startsWith(kind === 'histogram' ? `${name}_count` : name));
      const own = [...(sample ?? '').matchAll(/(\w+)="/g)]
        .map(([, label = '']) => label)
        // The SDK adds these to what workflow code counts.
        .filter((label) => !['namespace', 'taskQueue', 'workflowType'].includes(label));
      expect({ name, labels: own.toSorted() }).toEqual({ name, labels: labels.toSorted() });
    }
    const ours = lines.flatMap((line) => /^# TYPE (marketplace_\w+)/.exec(line)?.[1] ?? []);
    const known = new Set<string>(Object.values(METRICS).map(({ name }) => name));
    expect(ours.filter((name) => !known.has(name))).toEqual([]);
  });

  it('have the buckets that were chosen', async () => {
    const lines = await exportedLines();
    const bounds = Object.values<Metric>(METRICS)
      .filter(({ kind }) => kind === 'histogram')
      .map(({ name, buckets = [] }) => ({
        name,
        wanted: [...buckets.map(String), '+Inf'],
        found: [...new Set(lines.flatMap((line) => boundOf(line, name) ?? []))],
      }));
    expect(bounds).toHaveLength(3);
    expect(bounds.map(({ name, found }) => [name, found])).toEqual(
      bounds.map(({ name, wanted }) => [name, wanted]),
    );
  });

  it('count what happened, each once', async () => {
    const total = (metric: string, labels = '') => sum(`sum(${metric}{${labels}})`);
    const settled = async () => (await total(METRICS.purchasesEnded.name)) === 4 || undefined;
    await eventually(settled);
    expect(await total(METRICS.purchasesStarted.name)).toBe(5);
    expect(await total(METRICS.purchasesEnded.name, 'outcome="provisioned"')).toBe(3);
    expect(await total(METRICS.purchasesEnded.name, 'outcome="failed", reason="OrderRejected"')).toBe(1);
    expect(await total(METRICS.purchasesParked.name, 'reason="OrderRejected"')).toBe(1);
    expect(await total(METRICS.confirmationsStarted.name)).toBe(1);
    expect(await total(METRICS.confirmationsEnded.name, 'ending="placed"')).toBe(1);
    expect(await total(`${METRICS.timeToNumber.name}_count`)).toBe(3);
    expect(await total(`${METRICS.timeToProvisioned.name}_count`)).toBe(3);
    expect(await total(METRICS.portalCalls.name, 'call="place", outcome="ok"')).toBe(2);
    expect(await total(METRICS.portalCalls.name, 'call="place", outcome="lost"')).toBe(1);
    expect(await total(METRICS.portalCalls.name, 'call="place", outcome="refused"')).toBe(2);
    const sent = rig.simulator.journal.length;
    expect(await total(METRICS.portalCalls.name)).toBe(sent);
    expect(await total(`${METRICS.portalCallDuration.name}_count`)).toBe(sent);
    const grants = rig.simulator.journal.filter(({ call, status }) => call === 'token' && status === 200);
    expect(await total(METRICS.tokensGranted.name)).toBe(grants.length);
    expect(await sum(`max(${METRICS.purchases.name}{phase="Provisioned"})`)).toBe(3);
    expect(await total(METRICS.workerReady.name)).toBe(2);
    expect(await total(METRICS.rateLimit.name, 'of="worker"')).toBe(RATE);
  });

  it('keep no series for types of workflow that callers make up', async () => {
    const workflowId = 'made-up';
    const handle = await rig.client.workflow.start('MadeUp', { workflowId, taskQueue: TASK_QUEUE });
    // The worker knows it by then, and Prometheus has scraped it since.
    await eventually(
      async () =>
        (await exportedLines()).some((line) => line.includes('workflow_type="MadeUp"')) || undefined,
    );
    const scrapes = 'sum(max_over_time(scrape_samples_post_metric_relabeling[1m]))';
    expect(await sum(scrapes)).toBeGreaterThan(0);
    const dropped = 'sum(scrape_samples_scraped - scrape_samples_post_metric_relabeling)';
    await eventually(async () => ((await sum(dropped)) ?? 0) > 0 || undefined);
    expect(await sum('count({workflow_type="MadeUp"})')).toBeUndefined();
    expect(await sum('count({workflow_type="PurchaseWorkflow"})')).toBeGreaterThan(0);
    await handle.terminate();
  });

  it.each(queries())("answer the dashboard's $title: $query", async ({ query }) => {
    expect((await prometheus.query(query)).length).toBeGreaterThanOrEqual(1);
  });

  it('export, or can export, every metric that the dashboard and the alerts ask for', async () => {
    const asked = [...queries().map(({ query }) => query), ...alerts().map(({ expr }) => expr)].flatMap(
      metricsIn,
    );
    expect(asked.length).toBeGreaterThan(20);
    const notExported = async () => {
      const exported = await prometheus.metricNames();
      return [...new Set(asked)].filter((name) => !exported.includes(name));
    };
    // The last scrape may be older than what happened last.
    await eventually(async () => (await notExported()).length <= 1 || undefined);
    const missing = await notExported();
    // What has not happened is not exported: that the SDK knows it must do.
    const unknown = missing.filter((name) => !SDK_SOURCE.includes(`"${name.replace(/^temporal_/, '')}"`));
    expect(unknown).toEqual([]);
    expect(missing).toEqual(['temporal_workflow_task_execution_failed']);
  });

  it('let the alert for the parked purchase fire, and no other', async () => {
    await eventually(
      async () => (await prometheus.firing()).includes('MarketplacePurchasesParked') || undefined,
    );
    expect(await prometheus.firing()).toEqual(['MarketplacePurchasesParked']);
  });
});

const CORE = fileURLToPath(new URL('../../node_modules/@temporalio/core-bridge/sdk-core', import.meta.url));

/** The SDK's own source, where its metrics are named. */
const SDK_SOURCE = readdirSync(CORE, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('metrics.rs'))
  .map((file) => readFileSync(`${CORE}/${file}`, 'utf8'))
  .join('\n');
