import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { PurchaseClient } from '../../client/index.js';
import { DEMO_CLIENT, startSimulator, type Simulator } from '../../simulator/index.js';
import {
  ensureSearchAttributes,
  resolveExecutable,
  startDevServer,
  straightIfLoopback,
  type DevServer,
} from '../../temporal/index.js';
import { createWorker, PortalClient } from '../../worker/index.js';
import type { StopSignal } from '../signals.js';
import type { Cleanup } from './cleanup.js';
import type { DemoScreen } from './screen.js';

/** All that a demonstration runs on. */
export interface Stage {
  /** The path of the `temporal` CLI. */
  readonly executable: string;
  readonly server: DevServer;
  readonly client: PurchaseClient;
  /** Settles when the worker has stopped; rejects when it broke down. */
  readonly worker: Promise<void>;
}

/** What the parts need to be set up, and to be taken down again. */
interface SetUp {
  readonly screen: DemoScreen;
  readonly cleanup: Cleanup;
  readonly stop: StopSignal;
}

/** Sets up a Temporal server, a portal simulator, a worker and a client, all in this process or below it. */
export async function setStage(taskQueue: string, setUp: SetUp): Promise<Stage> {
  const { screen, stop } = setUp;
  quietRuntime(screen);
  const executable = await stop.race(findTemporal(screen));
  const server = await startServer(executable, setUp);
  const simulator = await startPortal(setUp);
  stop.signal.throwIfAborted();
  const { running } = await startWorker({ taskQueue, server, simulator }, setUp);
  const { address } = server;
  const connection = await Connection.connect({ address, ...straightIfLoopback(address) });
  setUp.cleanup.add(() => connection.close());
  const client = new PurchaseClient(new Client({ connection, namespace: server.namespace }), { taskQueue });
  return { executable, server, client, worker: running };
}

/** Only errors are shown; signals are ours to handle. */
function quietRuntime(screen: DemoScreen): void {
  Runtime.install({
    logger: new DefaultLogger('ERROR', ({ message }) => screen.step('Worker error', message, 'bad')),
    shutdownSignals: [],
  });
}

async function findTemporal(screen: DemoScreen): Promise<string> {
  screen.waiting('Looking for the Temporal CLI');
  const executable = await resolveExecutable('cli', {
    onProgress: (line) => screen.waiting(line, { isNews: true }),
  });
  screen.step('Temporal CLI', executable);
  return executable;
}

async function startServer(executable: string, { screen, cleanup, stop }: SetUp): Promise<DevServer> {
  screen.waiting('Starting the Temporal server');
  const starting = startDevServer({ executable });
  // Added first: also a server that comes up after an interruption is stopped.
  cleanup.add(async () => {
    await (await starting).stop();
  });
  const server = await stop.race(starting);
  screen.step('Temporal server', server.address);
  screen.step('Web UI', server.uiUrl ?? 'none');
  return server;
}

async function startPortal({ screen, cleanup }: SetUp): Promise<Simulator> {
  const simulator = await startSimulator();
  cleanup.add(() => simulator.close());
  screen.step('Portal simulator', simulator.url);
  return simulator;
}

interface WorkerParts {
  readonly taskQueue: string;
  readonly server: DevServer;
  readonly simulator: Simulator;
}

async function startWorker(
  { taskQueue, server, simulator }: WorkerParts,
  { screen, cleanup }: SetUp,
): Promise<{ running: Promise<void> }> {
  screen.waiting('Starting the worker');
  const portal = new PortalClient({ url: simulator.url, credentials: () => DEMO_CLIENT });
  cleanup.add(() => portal.close());
  const connection = await NativeConnection.connect({ address: server.address });
  cleanup.add(() => connection.close());
  const { namespace } = server;
  await ensureSearchAttributes(connection, namespace);
  const worker = await createWorker(taskQueue, { connection, namespace, portal });
  const running = worker.run();
  // Whoever waits for it hears of it; until then it must not end the process.
  running.catch(() => undefined);
  cleanup.add(async () => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
    await running;
  });
  screen.step('Worker', `task queue ${taskQueue}`);
  return { running };
}
