import { DEMO_CLIENT, startSimulator, type Simulator } from '../../src/simulator/index.js';
import { startDevServer, type DevServer } from '../../src/temporal/index.js';
import { WorkerProcess } from '../helpers/processes.js';

/** What a caller needs: a Temporal server with this repository's worker, and a portal. All on loopback. */
export interface Stage {
  readonly server: DevServer;
  readonly simulator: Simulator;
  /** Leads a caller to the server, whatever its language. */
  readonly env: NodeJS.ProcessEnv;
  close(): Promise<void>;
}

/** @param workerEnv more of the worker's environment. */
export async function openStage(workerEnv: NodeJS.ProcessEnv = {}): Promise<Stage> {
  const server = await startDevServer({ port: 0, uiPort: 0 });
  const simulator = await startSimulator({ progress: { creatingMs: 300, createdMs: 300 } });
  const worker = new WorkerProcess({
    TEMPORAL_ADDRESS: server.address,
    MARKETPLACE_PORTAL_URL: simulator.url,
    MARKETPLACE_CLIENT_ID: DEMO_CLIENT.clientId,
    MARKETPLACE_CLIENT_SECRET: DEMO_CLIENT.clientSecret,
    ...workerEnv,
  });
  await worker.isReady();
  return {
    server,
    simulator,
    env: {
      TEMPORAL_ADDRESS: server.address,
      TEMPORAL_NAMESPACE: server.namespace,
      TEMPORAL_HTTP: server.httpUrl,
      LC_ALL: 'C.UTF-8',
    },
    async close() {
      await worker.kill();
      await simulator.close();
      await server.stop();
    },
  };
}
