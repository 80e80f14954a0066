import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { freePorts } from '../../src/temporal/ports.js';
import { eventually } from '../helpers/eventually.js';
import { anOrder } from '../helpers/orders.js';
import { killWorkers, WorkerProcess } from '../helpers/processes.js';
import { WorkerRig } from '../helpers/worker-rig.js';

// What probes see of a worker process, from its start to its end.

let rig: WorkerRig;
let address: string;

beforeAll(async () => {
  rig = await WorkerRig.start();
  const [port] = await freePorts([0]);
  address = `127.0.0.1:${port}`;
});
afterEach(killWorkers);
afterAll(async () => rig?.stop());

/** The answer of a path: its status and what it says. */
async function probe(path: string): Promise<{ status: number; text: string } | undefined> {
  const response = await fetch(`http://${address}${path}`).catch(() => undefined);
  return response && { status: response.status, text: (await response.text()).trim() };
}

/** Waits until the worker says that it is in a state: what its two probes answer then. */
async function probesWhen(state: string): Promise<{ readonly healthz?: number; readonly readyz?: number }> {
  await eventually(async () => (await probe('/readyz'))?.text === state || undefined);
  const [healthz, readyz] = [await probe('/healthz'), await probe('/readyz')];
  return { ...(healthz && { healthz: healthz.status }), ...(readyz && { readyz: readyz.status }) };
}

const READY = { healthz: 200, readyz: 200 };
const ALIVE = { healthz: 200, readyz: 503 };

const statusSchema = z.strictObject({
  worker: z.strictObject({
    identity: z.string(),
    buildId: z.string().optional(),
    state: z.string(),
  }),
  credentials: z.string(),
  traffic: z.strictObject({
    rate: z.unknown().optional(),
    circuit: z.string(),
    waiting: z.number(),
    paused: z.array(z.unknown()),
  }),
});

describe('a worker process', () => {
  it('is alive and not ready while it does not reach Temporal yet', async () => {
    // It takes connections, and says nothing.
    const silent = createServer(() => undefined);
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const bound = silent.address();
    const port = typeof bound === 'object' ? bound?.port : undefined;
    const worker = new WorkerProcess({
      TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
      MARKETPLACE_PORTAL_URL: rig.simulator.url,
      MARKETPLACE_CLIENT_ID: 'id',
      MARKETPLACE_CLIENT_SECRET: 'a-secret-of-a-test',
      MARKETPLACE_HEALTH_ADDRESS: address,
    });
    expect(await probesWhen('starting')).toEqual(ALIVE);
    await worker.kill();
    silent.close();
  });

  it('is ready while it polls, not while it drains, and answers until its end', async () => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    rig.simulator.addFault({
      call: 'place',
      externalSubscriptionId,
      then: { do: 'delay', when: 'after', ms: 4_000 },
    });
    const worker = await rig.startWorker({ MARKETPLACE_HEALTH_ADDRESS: address });
    expect(await probesWhen('ready')).toEqual(READY);
    await rig.begin(order);
    await eventually(() => rig.callsFor(order, 'place').length > 0 || undefined);
    worker.signal('SIGTERM');
    expect(await probesWhen('draining')).toEqual(ALIVE);
    expect(await worker.end()).toBe(0);
    expect(await probe('/healthz')).toBeUndefined();
  });

  it('says how it stands, and nothing secret', async () => {
    await rig.startWorker({
      MARKETPLACE_HEALTH_ADDRESS: address,
      MARKETPLACE_CLIENT_ID: 'client-of-the-test',
    });
    expect(await probesWhen('ready')).toEqual(READY);
    const { text = '' } = (await probe('/status')) ?? {};
    expect(statusSchema.parse(JSON.parse(text))).toMatchObject({
      worker: { state: 'ready' },
      credentials: 'readable',
      traffic: { circuit: 'closed', waiting: 0, paused: [] },
    });
    expect(text).not.toContain('client-of-the-test');
  });

  it('is not ready while Temporal is away, and is again when it is back', async () => {
    await rig.startWorker({ MARKETPLACE_HEALTH_ADDRESS: address });
    expect(await probesWhen('ready')).toEqual(READY);
    await rig.killServer();
    expect(await probesWhen('disconnected')).toEqual(ALIVE);
    await rig.restartServer();
    expect(await probesWhen('ready')).toEqual(READY);
  });

  it.each(['MARKETPLACE_METRICS_ADDRESS', 'MARKETPLACE_HEALTH_ADDRESS'])(
    'ends with one message when the address of %s is taken or none of its own',
    async (name) => {
      const held = createServer();
      held.listen(0, '127.0.0.1');
      await once(held, 'listening');
      const bound = held.address();
      const port = typeof bound === 'object' ? bound?.port : undefined;
      for (const wanted of [`127.0.0.1:${port}`, 'nowhere.invalid:9464']) {
        const worker = new WorkerProcess({
          MARKETPLACE_PORTAL_URL: rig.simulator.url,
          MARKETPLACE_CLIENT_ID: 'id',
          MARKETPLACE_CLIENT_SECRET: 'a-secret-of-a-test',
          [name]: wanted,
        });
        expect(await worker.end()).toBe(1);
        expect(worker.stderr.trim().split('\n')).toEqual([
          expect.stringMatching(new RegExp(`^${name}.*${wanted}`)),
        ]);
        expect(worker.stderr).not.toMatch(/panick|\.rs\b/);
        expect(worker.stdout).toBe('');
      }
      held.close();
    },
  );
});
