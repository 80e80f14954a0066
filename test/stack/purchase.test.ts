import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { purchaseWorkflowId } from '../../src/contract/index.js';
import { runUrl } from '../../src/temporal/ui-links.js';
import { prometheusProgram } from '../../stack/prometheus.js';
import { eventually } from '../helpers/eventually.js';
import { anOrder } from '../helpers/orders.js';
import { alerts } from '../helpers/prometheus.js';
import { endingOf, ONE_ORDER } from '../helpers/worker-truth.js';
import { note, StackRig } from './rig.js';

let rig: StackRig;

beforeAll(async () => {
  const begun = Date.now();
  rig = await StackRig.start();
  note(`the stack was up after ${((Date.now() - begun) / 1_000).toFixed(1)} s, its programs being built`);
});
afterAll(async () => rig?.stop());

const payload = z.object({ metadata: z.record(z.string(), z.string()), data: z.string() });
const history = z.object({
  history: z.object({
    events: z
      .array(
        z.object({
          workflowExecutionStartedEventAttributes: z
            .object({ input: z.object({ payloads: z.array(payload) }) })
            .optional(),
        }),
      )
      .min(1),
  }),
});

async function json(url: string, init?: RequestInit): Promise<unknown> {
  const answer = await fetch(url, init);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return await answer.json();
}

describe('a purchase', () => {
  const order = anOrder();

  it('goes through, with its customer encrypted', async () => {
    await rig.begin(order);
    expect(await endingOf(rig, order)).toMatchObject({ ...ONE_ORDER, posts: 1 });
    const stored = JSON.stringify(await rig.handle(order).fetchHistory());
    expect(stored).not.toContain(order.customer.companyName);
    expect(stored).toContain(Buffer.from('binary/encrypted').toString('base64'));
  });

  it('has a page in the Web UI', async () => {
    const { uiUrl: url, namespace } = rig.stack;
    const { runId } = await rig.handle(order).describe();
    const answer = await fetch(runUrl({ url, namespace }, purchaseWorkflowId(order), runId));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/html'),
    ]);
  });

  it('is shown in clear by the codec server to who has its secret, and to nobody else', async () => {
    const { uiUrl, namespace, codecUrl, codecSecret } = rig.stack;
    const id = encodeURIComponent(purchaseWorkflowId(order));
    const seen = history.parse(await json(`${uiUrl}/api/v1/namespaces/${namespace}/workflows/${id}/history`));
    const [started] = seen.history.events;
    const payloads = started?.workflowExecutionStartedEventAttributes?.input.payloads ?? [];
    const ask = (authorization: string) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-namespace': namespace, authorization },
      body: JSON.stringify({ payloads }),
    });
    const decoded = await json(`${codecUrl}/decode`, ask(`Bearer ${codecSecret}`));
    const [input] = z.object({ payloads: z.array(payload) }).parse(decoded).payloads;
    expect(JSON.parse(Buffer.from(input?.data ?? '', 'base64').toString())).toMatchObject({ order });
    expect(await fetch(`${codecUrl}/decode`, ask('Bearer guessed-by-nobody-0'))).toMatchObject({
      status: 401,
    });
  });
});

const scraped = z.object({
  data: z.object({
    result: z.array(
      z.object({ metric: z.object({ instance: z.string() }), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
});

const evaluated = z.object({
  data: z.object({
    groups: z.array(z.object({ rules: z.array(z.object({ name: z.string(), health: z.string() })) })),
  }),
});

describe.skipIf(prometheusProgram() === undefined)('Prometheus', () => {
  it.each(['marketplace-worker', 'temporal'])('scrapes each %s', async (job) => {
    const { ports, temporal, prometheusUrl } = rig.stack;
    const expected = job === 'temporal' ? temporal.metrics : ports.workers.map(({ metrics }) => metrics);
    const query = encodeURIComponent(`up{job="${job}"} == 1`);
    const up = await eventually(async () => {
      const { data } = scraped.parse(await json(`${prometheusUrl}/api/v1/query?query=${query}`));
      return data.result.length === expected.length ? data.result : undefined;
    });
    expect(up.map(({ metric }) => metric.instance).toSorted()).toEqual(expected.toSorted());
  });

  it('evaluates the alerts of production', async () => {
    const rules = await eventually(async () => {
      const { data } = evaluated.parse(await json(`${rig.stack.prometheusUrl}/api/v1/rules`));
      const found = data.groups.flatMap((group) => group.rules);
      return found.every(({ health }) => health !== 'unknown') ? found : undefined;
    });
    const expected = alerts().map(({ alert }) => ({ name: alert, health: 'ok' }));
    expect(rules).toHaveLength(expected.length);
    expect(rules).toEqual(expect.arrayContaining(expected));
  });
});
