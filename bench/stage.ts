import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { PurchaseClient } from '../src/client/index.js';
import { dataConverterFor, type KeyRing } from '../src/codec/index.js';
import { SEARCH_ATTRIBUTES } from '../src/contract/index.js';
import { DEMO_CLIENT, startSimulator, type Simulator } from '../src/simulator/index.js';
import { startDevServer } from '../src/temporal/index.js';
import { startWorkerProcess, type WorkerProcess } from './worker-process.js';

/** A development server, a portal that provisions at once, and a way to buy. */
export interface Stage {
  readonly simulator: Simulator;
  /** A partner's backend, for a task queue. */
  readonly purchases: (taskQueue: string, keys?: KeyRing) => PurchaseClient;
  /** Starts a worker that is ready; the caller stops it. */
  readonly startWorker: (script: string, env: Readonly<Record<string, string>>) => Promise<WorkerProcess>;
  /** Ends it all. */
  readonly stop: () => Promise<void>;
}

export async function startStage(): Promise<Stage> {
  // A home without a configuration file of Temporal's, which could lead to another server.
  const home = await mkdtemp(join(tmpdir(), 'marketplace-bench-'));
  const searchAttributes = Object.fromEntries(
    Object.values(SEARCH_ATTRIBUTES).map((name) => [name, 'Keyword']),
  );
  // In memory: with a file, the disk is what would be measured. 10,000 purchases take about half a gigabyte.
  const server = await startDevServer({
    port: 0,
    headless: true,
    searchAttributes,
    fixedSearchAttributes: true,
  });
  const simulator = await startSimulator({
    progress: { creatingMs: 0, createdMs: 0 },
    secondPost: 'duplicate',
  });
  const connection = await Connection.connect({ address: server.address });
  return {
    simulator,
    purchases: (taskQueue, keys) =>
      new PurchaseClient(new Client({ connection, dataConverter: dataConverterFor(keys) }), { taskQueue }),
    startWorker: (script, env) =>
      startWorkerProcess(script, {
        PATH: process.env['PATH'],
        HOME: home,
        TEMPORAL_ADDRESS: server.address,
        MARKETPLACE_PORTAL_URL: simulator.url,
        MARKETPLACE_CLIENT_ID: DEMO_CLIENT.clientId,
        MARKETPLACE_CLIENT_SECRET: DEMO_CLIENT.clientSecret,
        ...env,
      }),
    stop: async () => {
      await connection.close();
      await simulator.close();
      await server.kill();
      await rm(home, { recursive: true, force: true });
    },
  };
}
