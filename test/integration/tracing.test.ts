import { context, trace, type SpanContext } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PurchaseClient } from '../../src/client/index.js';
import { dataConverterFor } from '../../src/codec/index.js';
import { purchaseWorkflowId, SEARCH_ATTRIBUTES, type Order } from '../../src/contract/index.js';
import { AsyncContext } from '../../src/observability/async-context.js';
import { startCollector, type Collector, type ReceivedSpan } from '../helpers/otlp.js';
import { eventually } from '../helpers/eventually.js';
import { aKey, aRing, ringText } from '../helpers/keys.js';
import { anOrder, QUICK } from '../helpers/orders.js';
import { killWorkers, type WorkerProcess } from '../helpers/processes.js';
import { WorkerRig } from '../helpers/worker-rig.js';

// One purchase is one trace, from the span of who buys to the portal.

let rig: WorkerRig;
let collector: Collector;
let connection: Connection;
let purchases: PurchaseClient;
/** Reads what is encrypted too. */
let reader: Client;
const KEY = aKey('one', 1);
const own = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(own)] });

beforeAll(async () => {
  provider.register({ contextManager: new AsyncContext() });
  rig = await WorkerRig.start();
  connection = await Connection.connect({ address: rig.address });
  const interceptors = { workflow: [new OpenTelemetryWorkflowClientInterceptor()] };
  purchases = new PurchaseClient(new Client({ connection, interceptors }));
  reader = new Client({ connection, dataConverter: dataConverterFor(aRing(KEY)) });
});
beforeEach(async () => {
  own.reset();
  collector = await startCollector();
});
afterEach(async () => {
  await killWorkers();
  await collector.close();
});
afterAll(async () => {
  await connection?.close();
  await rig?.stop();
  await provider.shutdown();
});

const startWorker = (changes: Readonly<Record<string, string>> = {}): Promise<WorkerProcess> =>
  rig.startWorker({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...changes });

/** Does something within a span of the backend. */
async function within<T>(work: () => Promise<T>): Promise<{ root: SpanContext; result: T }> {
  const span = trace.getTracer('a backend').startSpan('checkout');
  const result = await context.with(trace.setSpan(context.active(), span), work);
  span.end();
  return { root: span.spanContext(), result };
}

/** Waits until a purchase has ended or is parked, whoever can read it. */
async function isSettled(order: Order): Promise<void> {
  await eventually(async () => {
    const { status, typedSearchAttributes } = await reader.workflow
      .getHandle(purchaseWorkflowId(order))
      .describe();
    const isParked = typedSearchAttributes.get(PHASE) === 'ActionRequired';
    return isParked || status.name === 'COMPLETED' || undefined;
  });
}

/** The spans of a purchase that has ended: they come when its worker stops, at the latest. */
async function spansOf(order: Order, worker: WorkerProcess): Promise<readonly ReceivedSpan[]> {
  await isSettled(order);
  worker.signal('SIGTERM');
  expect(await worker.end()).toBe(0);
  return collector.spans;
}

/** From a span up to the one that has no parent here: their names. */
function ancestry(spans: readonly ReceivedSpan[], span: ReceivedSpan): string[] {
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
  return [span.name, ...(parent === undefined ? [] : ancestry(spans, parent))];
}

function named(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const found = spans.find((span) => span.name === name);
  if (found === undefined) throw new Error(`no span ${name} in ${spans.map((span) => span.name).join(', ')}`);
  return found;
}

/** The backend's own span that the run hangs on. */
function ownSpan(name: string): SpanContext {
  const span = own.getFinishedSpans().find((finished) => finished.name === name);
  if (span === undefined) throw new Error(`no span ${name}`);
  return span.spanContext();
}

const PHASE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.purchasePhase, 'KEYWORD');

const PERSONAL = /Lovelace|ada@example|Example GmbH|2c92a0ff|refuse-me/;

describe('a purchase within a span', () => {
  it.each([
    ['purchase', 'UpdateWithStartWorkflow:orderPlaced'],
    ['start', 'StartWorkflow:PurchaseWorkflow'],
  ] as const)('(%s) is one trace from there to the portal', async (how, joint) => {
    const worker = await startWorker();
    const order = anOrder();
    const { root } = await within(async () => {
      await purchases[how](order, { options: QUICK });
    });
    const spans = await spansOf(order, worker);

    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([root.traceId]));
    expect(ownSpan(joint).traceId).toBe(root.traceId);
    const run = named(spans, 'RunWorkflow:PurchaseWorkflow');
    expect(run.parentSpanId).toBe(ownSpan(joint).spanId);
    expect(run.attributes).toMatchObject({ workflowId: purchaseWorkflowId(order) });
    const place = named(spans, 'POST place');
    expect(ancestry(spans, place)).toEqual([
      'POST place',
      'RunActivity:placeOrder',
      'StartActivity:placeOrder',
      'RunWorkflow:PurchaseWorkflow',
    ]);
    const portal = new URL(rig.proxy.url);
    expect(place.attributes).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 201,
      'marketplace.call': 'place',
      'server.address': portal.hostname,
      'server.port': Number(portal.port),
    });
    expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(['gitlab-marketplace-worker']));
    // The portal was told, in the call itself.
    expect(rig.callsFor(order, 'place').map(({ traceparent }) => traceparent)).toEqual([
      `00-${root.traceId}-${place.spanId}-01`,
    ]);
  });

  it('has every call to the portal as a span, and each told the portal which', async () => {
    const before = rig.simulator.journal.length;
    const worker = await startWorker();
    const order = anOrder();
    await within(() => purchases.purchase(order, { options: QUICK }));
    const spans = await spansOf(order, worker);
    const calls = spans.filter(({ name }) => /^(GET|POST) /.test(name));
    const told = rig.simulator.journal.slice(before).map(({ traceparent }) => traceparent);
    expect(told).toHaveLength(calls.length);
    expect(new Set(told)).toEqual(new Set(calls.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`)));
  });

  it('has nothing personal in it, also when it is refused, with encryption too', async () => {
    const worker = await startWorker({ MARKETPLACE_CODEC_KEYS: ringText(KEY) });
    const order = anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] });
    await rig.begin(order, { onRejected: 'park' });
    const spans = await spansOf(order, worker);
    await rig.handle(order).terminate();
    // Failures are there, without their words.
    expect(named(spans, 'RunActivity:placeOrder')).toBeDefined();
    expect(collector.text).toContain('exception.type');
    expect(collector.text).not.toContain('exception.message');
    expect(collector.text).not.toMatch(PERSONAL);
    expect(collector.text).not.toMatch(/Bearer|client_secret|memo|searchAttributes/);
  });

  it('has its IDs in the lines that are logged meanwhile', async () => {
    const worker = await startWorker();
    const order = anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] });
    const { root } = await within(() =>
      purchases.start(order, { options: { ...QUICK, onRejected: 'park' } }),
    );
    const spans = await spansOf(order, worker);
    const lines = worker.stderr
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line): unknown => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 40,
        workflowId: purchaseWorkflowId(order),
        runId: expect.any(String),
        activityType: 'placeOrder',
        activityId: expect.any(String),
        attempt: 1,
        trace_id: root.traceId,
        span_id: named(spans, 'RunActivity:placeOrder').spanId,
      }),
    );
  });
});

describe('tracing', () => {
  it.each([
    ['is off unless it is asked for', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    ['is off where OpenTelemetry is', { OTEL_SDK_DISABLED: 'true' }],
  ])('%s', async (_name, changes) => {
    const worker = await startWorker(changes);
    const order = anOrder();
    await within(() => purchases.purchase(order, { options: QUICK }));
    expect(await spansOf(order, worker)).toEqual([]);
    expect(rig.callsFor(order, 'place').map(({ traceparent }) => traceparent)).toEqual([undefined]);
    expect(worker.stderr).not.toMatch(/sink|"level":50/);
  });

  it("has the name and the endpoint of OpenTelemetry's variables", async () => {
    const worker = await startWorker({
      OTEL_EXPORTER_OTLP_ENDPOINT: '',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
      OTEL_SERVICE_NAME: 'shop-worker',
    });
    const order = anOrder();
    await rig.begin(order);
    const spans = await spansOf(order, worker);
    expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(['shop-worker']));
  });

  it('does not get in the way when nobody collects', async () => {
    const worker = await startWorker({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
    const order = anOrder();
    await rig.begin(order);
    await spansOf(order, worker);
    expect(worker.stderr).toContain('OpenTelemetry could not do its work');
  });

  it('may be on in one worker and off in the next, in the middle of a purchase', async () => {
    const order = anOrder();
    rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
    for (const changes of [{}, { OTEL_SDK_DISABLED: 'true' }, {}]) {
      const worker = await startWorker(changes);
      await rig.begin(order);
      const { polls } = await rig.until(order, ({ phase }) => phase === 'Provisioning');
      await rig.until(order, (status) => status.polls > polls + 1);
      worker.signal('SIGTERM');
      expect(await worker.end()).toBe(0);
      expect(worker.stderr).not.toMatch(/determinis|"level":50/i);
    }
    const last = await startWorker();
    rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
    await rig.until(order, ({ phase }) => phase === 'Provisioned');
    expect(last.stderr).not.toMatch(/determinis|"level":50/i);
    expect(rig.simulator.orders(order.externalSubscriptionId)).toHaveLength(1);
    await eventually(
      async () => (await rig.handle(order).describe()).status.name === 'COMPLETED' || undefined,
    );
  });
});
