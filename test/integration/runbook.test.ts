import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createActivities } from '../../activities/index.js';
import { PurchaseClient } from '../../src/client/index.js';
import { TASK_QUEUE, type Order, type PurchaseOptions } from '../../src/contract/index.js';
import { PortalClient } from '../../src/portal/index.js';
import { DEMO_CLIENT, startSimulator, type Simulator } from '../../src/simulator/index.js';
import { resolveExecutable, startDevServer, type DevServer } from '../../src/temporal/index.js';
import { eventually } from '../helpers/eventually.js';
import { anOrder, QUICK } from '../helpers/orders.js';
import { killWorkers, WorkerProcess } from '../helpers/processes.js';
import { sectionsOf } from '../helpers/runbook.js';
import { quietRuntime } from '../helpers/temporal.js';

// Each command of docs/runbook.md, in the situation that it is for.

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const PAGE = fileURLToPath(new URL('../../docs/runbook.md', import.meta.url));
const CARELESS = fileURLToPath(new URL('../replay/example/careless.ts', import.meta.url));

const SECTIONS = new Map(sectionsOf(PAGE).map((section) => [section.heading, section]));

let server: DevServer;
let simulator: Simulator;
let folder: string;
let purchases: PurchaseClient;
let connection: Connection;

beforeEach(async () => {
  quietRuntime();
  folder = mkdtempSync(join(tmpdir(), 'runbook-'));
  server = await startDevServer({ port: 0, headless: true });
  simulator = await startSimulator({ progress: { creatingMs: 0, createdMs: 0 } });
  connection = await Connection.connect({ address: server.address });
  purchases = new PurchaseClient(new Client({ connection }));
  shim('npx', `shift; exec ${process.execPath} ${MAIN} "$@"`);
  shim('temporal', `exec ${await resolveExecutable('cli')} "$@"`);
});

afterEach(async () => {
  await killWorkers();
  await connection?.close();
  await simulator?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A command as the page calls it. */
function shim(name: string, script: string): void {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

function environment(): NodeJS.ProcessEnv {
  return {
    PATH: `${folder}:${process.env['PATH']}`,
    HOME: folder,
    TEMPORAL_ADDRESS: server.address,
    MARKETPLACE_PORTAL_URL: simulator.url,
    MARKETPLACE_CLIENT_ID: DEMO_CLIENT.clientId,
    MARKETPLACE_CLIENT_SECRET: DEMO_CLIENT.clientSecret,
    ID: 'purchase:0012300000AbCdE:EXT-1001',
  };
}

async function startWorker(changes: NodeJS.ProcessEnv = {}): Promise<WorkerProcess> {
  return new WorkerProcess({ ...environment(), ...changes }).isReady();
}

/** Runs the nth block of a section as a person would type it; what it printed. */
async function follow(heading: string, nth: number): Promise<string> {
  const commands = SECTIONS.get(heading)?.blocks[nth] ?? [];
  expect(commands, `a block ${nth} below "${heading}"`).not.toEqual([]);
  const outputs = [];
  for (const command of commands) outputs.push(await run(command));
  return outputs.join('\n');
}

function run(command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      '/bin/sh',
      ['-c', command],
      { cwd: folder, env: environment(), timeout: 60_000, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${command} ended with ${error.code}: ${stdout}${stderr}`));
      },
    );
  });
}

const ORDER = anOrder({ externalSubscriptionId: 'EXT-1001' });

/** Begins the purchase that the page speaks of, and waits until it stands as the page says. */
async function begin(phase: string, order: Order = ORDER, options: PurchaseOptions = {}): Promise<void> {
  await purchases.start(order, { options: { ...QUICK, ...options } });
  await isIn(phase);
}

async function isIn(phase: string): Promise<void> {
  await eventually(async () => {
    // A run that has just been reset does not answer yet.
    const report = await purchases.status(ORDER).catch(() => undefined);
    return report?.status.phase === phase || undefined;
  });
  // The lists come a little later.
  await eventually(async () => {
    for await (const item of purchases.list()) if (item.phase === phase) return true;
    return undefined;
  });
}

it('has no section that is not followed here', () => {
  expect(
    [...SECTIONS.values()].filter(({ blocks }) => blocks.length > 0).map(({ heading }) => heading),
  ).toEqual([
    'Start here',
    'Parked',
    'Wrong credentials',
    'The order was refused',
    'Nobody knows whether the order exists',
    'Overdue',
    'The portal is away',
    'The portal asks for a pause',
    'No worker runs',
    'Workflow tasks fail',
  ]);
});

it('starts here', async () => {
  await startWorker();
  await begin('Provisioned');
  const said = await follow('Start here', 0);
  expect(said).toContain('EXT-1001');
  expect(said).toContain('Provisioned');
});

it('helps when a purchase is parked', async () => {
  await startWorker({ MARKETPLACE_CLIENT_SECRET: 'wrong' });
  await begin('ActionRequired');
  expect(await follow('Parked', 0)).toContain('InvalidClient');
  await follow('Parked', 1);
});

it('helps when the credentials are wrong', async () => {
  const worker = await startWorker({ MARKETPLACE_CLIENT_SECRET: 'wrong' });
  await begin('ActionRequired');
  expect(await follow('Wrong credentials', 0)).toContain('InvalidClient');
  await worker.kill();
  await startWorker();
  expect(await follow('Wrong credentials', 1)).toContain('Provisioned');
});

it('helps when the order was refused', async () => {
  await startWorker();
  const refused = { ...ORDER, orderLines: [{ productId: 'refuse-me', quantity: 1 }] };
  await begin('ActionRequired', refused, { onRejected: 'park' });
  writeFileSync(join(folder, 'corrected-order.json'), JSON.stringify(ORDER));
  expect(await follow('The order was refused', 0)).toContain('Provisioned');
  expect(simulator.orders('EXT-1001')).toHaveLength(1);
});

it('helps when nobody knows whether the order exists', async () => {
  await startWorker();
  simulator.addFault({ call: 'place', times: 3, then: { do: 'drop', when: 'before' } });
  await begin('ActionRequired');
  expect(await follow('Nobody knows whether the order exists', 0)).toContain('UnknownOutcome');
  await isIn('Provisioned');
  expect(simulator.orders('EXT-1001')).toHaveLength(1);
});

it('helps when a purchase is overdue', async () => {
  await startWorker();
  simulator.setStatus('EXT-1001', 'Created');
  await begin('Overdue', ORDER, { polling: { initialInterval: '100ms', deadline: '1s' } });
  writeFileSync(join(folder, 'order.json'), JSON.stringify(ORDER));
  expect(await follow('Overdue', 0)).toContain('A-S');
  simulator.setStatus('EXT-1001', 'Provisioned');
  await isIn('Provisioned');
  expect(simulator.orders('EXT-1001')).toHaveLength(1);
});

it('helps when the portal is away', async () => {
  await startWorker();
  simulator.addFault({ call: 'any', times: 'always', then: { do: 'answer', when: 'before', status: 503 } });
  await begin('Placing');
  await eventually(async () => (await purchases.status(ORDER)).status.lastError);
  expect(await follow('The portal is away', 0)).toContain('PortalUnavailable');
  simulator.clearFaults();
  expect(await follow('The portal is away', 1)).toContain('Provisioned');
});

it('helps when the portal asks for a pause that is far too long', async () => {
  const worker = await startWorker();
  const then = { do: 'answer', when: 'before', status: 429, headers: { 'Retry-After': '3600' } } as const;
  simulator.addFault({ call: 'find', then });
  await begin('Placing');
  await eventually(async () => (await purchases.status(ORDER)).status.lastError);
  await worker.kill();
  await startWorker();
  expect(await follow('The portal asks for a pause', 0)).toContain('Provisioned');
});

it('helps when no worker runs', async () => {
  const worker = await startWorker();
  simulator.setStatus('EXT-1001', 'Created');
  await begin('Provisioning');
  await worker.kill();
  expect(await follow('No worker runs', 0)).toContain('EXT-1001');
  simulator.setStatus('EXT-1001', 'Provisioned');
  await startWorker();
  expect(await follow('No worker runs', 1)).toContain('Provisioned');
});

/** A build that cannot replay what the real one began. */
async function withCarelessWorker<T>(work: () => Promise<T>): Promise<T> {
  const nativeConnection = await NativeConnection.connect({ address: server.address });
  const portal = new PortalClient({ url: simulator.url, credentials: () => DEMO_CLIENT });
  const worker = await Worker.create({
    connection: nativeConnection,
    namespace: 'default',
    taskQueue: TASK_QUEUE,
    workflowsPath: CARELESS,
    activities: createActivities(portal),
  });
  try {
    return await worker.runUntil(work);
  } finally {
    await portal.close();
    await nativeConnection.close();
  }
}

async function standsStill(): Promise<void> {
  const handle = new Client({ connection }).workflow.getHandle(environment()['ID'] ?? '');
  await handle.signal('poll');
  await eventually(async () => {
    const { pendingWorkflowTask } = (await handle.describe()).raw;
    return (pendingWorkflowTask?.attempt ?? 0) > 1 || undefined;
  });
}

/** A purchase that a good build began, and that a build which cannot replay it makes no progress with. */
async function stuckUnderCarelessWorker(work: () => Promise<void>): Promise<void> {
  const worker = await startWorker();
  simulator.setStatus('EXT-1001', 'Created');
  await begin('Provisioning', ORDER, { polling: { initialInterval: '1m' } });
  await worker.kill();
  await withCarelessWorker(async () => {
    await standsStill();
    await work();
  });
}

it('helps when workflow tasks fail', async () => {
  await stuckUnderCarelessWorker(async () => {
    expect(await follow('Workflow tasks fail', 0)).toContain('EXT-1001');
  });
  simulator.setStatus('EXT-1001', 'Provisioned');
  await startWorker();
  expect(await follow('Workflow tasks fail', 1)).toContain('Provisioned');
});

it('helps when workflow tasks fail and the former build is lost', async () => {
  await stuckUnderCarelessWorker(async () => {
    await follow('Workflow tasks fail', 2);
    await isIn('Provisioning');
  });
  expect(simulator.orders('EXT-1001')).toHaveLength(1);
});
