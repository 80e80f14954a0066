import type { Span } from '@opentelemetry/api';
import { BasicTracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { Resource } from '@opentelemetry/resources';
import { makeWorkflowExporter } from '@temporalio/interceptors-opentelemetry/lib/worker/index.js';
import {
  bundleWorkflowCode,
  Worker,
  type WorkerOptions,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { createActivities } from '../../activities/index.js';
import { BUNDLES } from '../../src/worker/bundle.js';
import { anInput } from '../helpers/orders.js';
import { quietRuntime, startDevEnvironment } from '../helpers/temporal.js';
import { useRig } from '../helpers/use-rig.js';
import { HISTORIES, readHistory } from './histories.js';

/** What a worker with tracing began, one without carries on, and the other way around. */

const spans: ReadableSpan[] = [];
const sinks: WorkerOptions['sinks'] = {
  exporter: makeWorkflowExporter(
    {
      onStart: (_span: Span) => undefined,
      onEnd: (span) => void spans.push(span),
      forceFlush: async () => undefined,
      shutdown: async () => undefined,
    },
    Resource.empty(),
  ),
};

describe('tracing and histories', () => {
  const bundles: Record<string, WorkflowBundleWithSourceMap> = {};
  const at = useRig(startDevEnvironment);
  beforeAll(async () => {
    quietRuntime();
    new BasicTracerProvider().register();
    for (const { path, options } of BUNDLES) {
      const name = path.replace(/^.*\/workflow-bundle-?|\.js$/g, '');
      if (!name.includes('encrypting')) bundles[name || 'plain'] = await bundleWorkflowCode(options);
    }
  });

  const bundle = (name: string): WorkflowBundleWithSourceMap => {
    const found = bundles[name];
    if (found === undefined) throw new Error(`no bundle ${name} in ${Object.keys(bundles).join(', ')}`);
    return found;
  };

  it.each(HISTORIES)('%s, which was begun without, replays with spans, and makes none anew', async (file) => {
    const { workflowId, history } = await readHistory(file);
    const options = { workflowBundle: bundle('traced'), sinks };
    await expect(Worker.runReplayHistory(options, history, workflowId)).resolves.toBeUndefined();
  });

  it('what was begun with spans replays without, and with them', async () => {
    spans.length = 0;
    const taskQueue = `${at.rig.taskQueue}-traced`;
    const worker = await Worker.create({
      connection: at.env.nativeConnection,
      namespace: 'default',
      taskQueue,
      workflowBundle: bundle('traced'),
      sinks,
      activities: createActivities(at.rig.portal),
    });
    const handle = await at.rig.begin(anInput(), { taskQueue });
    await worker.runUntil(handle.result());
    const names = spans.map(({ name }) => name);
    expect(names).toContain('RunWorkflow:PurchaseWorkflow');
    const history = await handle.fetchHistory();
    const before = spans.length;
    for (const name of ['plain', 'traced']) {
      const options = { workflowBundle: bundle(name), sinks };
      await expect(Worker.runReplayHistory(options, history, handle.workflowId)).resolves.toBeUndefined();
    }
    expect(spans.length).toBe(before);
  });
});
