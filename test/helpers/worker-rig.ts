import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { PurchaseClient } from '../../src/client/index.js';
import {
  purchaseWorkflowId,
  TASK_QUEUE,
  type Order,
  type PurchaseIds,
  type PurchaseOptions,
  type PurchaseStatus,
} from '../../src/contract/index.js';
import {
  DEMO_CLIENT,
  startSimulator,
  type Simulator,
  type SimulatorOptions,
} from '../../src/simulator/index.js';
import { startDevServer, type DevServer, type DevServerOptions } from '../../src/temporal/index.js';
import { statusQuery } from '../../workflows/messages.js';
import type { PurchaseWorkflow } from '../../workflows/purchase.js';
import { unlessUnanswered } from './answered.js';
import { eventually } from './eventually.js';
import { QUICK } from './orders.js';
import { startPortalProxy, type PortalProxy } from './processes-proxy.js';
import { partnersApart } from './partners.js';
import { killWorkers, WorkerProcess } from './processes.js';

type PortalCall = Simulator['journal'][number];

export interface WorkerRigOptions {
  readonly simulator?: SimulatorOptions;
  readonly server?: DevServerOptions;
  /** Trading partners that have a client each. @default all share one */
  readonly partners?: readonly string[];
}

/** Enough for what waits for a settling window, on a slow machine. */
const PATIENCE = 2_400;

/** All of it, each a process or a server of its own: Temporal, the portal behind a proxy, and workers. */
export class WorkerRig {
  /** A partner's backend. */
  readonly purchases: PurchaseClient;
  readonly client: Client;
  #server: DevServer;

  private constructor(
    private readonly connection: Connection,
    server: DevServer,
    private readonly serverOptions: DevServerOptions,
    readonly simulator: Simulator,
    readonly proxy: PortalProxy,
    private readonly folder: string,
    private readonly workerEnv: Readonly<Record<string, string>>,
  ) {
    this.#server = server;
    this.client = new Client({ connection });
    this.purchases = new PurchaseClient(this.client);
  }

  static async start(options: WorkerRigOptions = {}): Promise<WorkerRig> {
    const serverOptions = { port: 0, headless: true, ...options.server };
    const server = await startDevServer(serverOptions);
    const folder = await mkdtemp(join(tmpdir(), 'worker-rig-'));
    const apart = options.partners && partnersApart(folder, options.partners);
    const simulator = await startSimulator({
      progress: { creatingMs: 0, createdMs: 0 },
      secondPost: 'duplicate',
      ...(apart && { clients: apart.clients }),
      ...options.simulator,
    });
    const proxy = await startPortalProxy(simulator.url);
    const connection = await Connection.connect({ address: server.address });
    return new WorkerRig(connection, server, serverOptions, simulator, proxy, folder, apart?.env ?? {});
  }

  /** `host:port` of Temporal. */
  get address(): string {
    return this.#server.address;
  }

  /** A worker that is ready, with these changes of its environment. */
  async startWorker(changes: Readonly<Record<string, string>> = {}): Promise<WorkerProcess> {
    return new WorkerProcess({
      TEMPORAL_ADDRESS: this.#server.address,
      MARKETPLACE_PORTAL_URL: this.proxy.url,
      MARKETPLACE_CLIENT_ID: DEMO_CLIENT.clientId,
      MARKETPLACE_CLIENT_SECRET: DEMO_CLIENT.clientSecret,
      ...this.workerEnv,
      ...changes,
    }).isReady();
  }

  async killServer(): Promise<void> {
    await this.#server.kill();
  }

  /** Starts the server anew, where it was. */
  async restartServer(): Promise<void> {
    const { address } = this.#server;
    const port = Number(address.slice(address.lastIndexOf(':') + 1));
    this.#server = await startDevServer({ ...this.serverOptions, port });
    if (this.#server.address !== address) throw new Error(`port ${port} was taken meanwhile`);
  }

  async stop(): Promise<void> {
    await killWorkers();
    await this.connection.close();
    await this.proxy.close();
    await this.simulator.close();
    await this.#server.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  async begin(order: Order, options: PurchaseOptions = {}, taskQueue = TASK_QUEUE): Promise<Order> {
    const purchases = new PurchaseClient(this.client, { taskQueue });
    await purchases.start(order, { options: { ...QUICK, ...options } });
    return order;
  }

  handle(ids: PurchaseIds): WorkflowHandle<typeof PurchaseWorkflow> {
    return this.client.workflow.getHandle<typeof PurchaseWorkflow>(purchaseWorkflowId(ids));
  }

  /** Waits until a worker says of a purchase what is looked for. */
  async until(ids: PurchaseIds, isSo: (status: PurchaseStatus) => boolean): Promise<PurchaseStatus> {
    return eventually(async () => {
      // A worker that was killed or frozen holds the query; the next one answers.
      const status = await unlessUnanswered(() => this.handle(ids).query(statusQuery));
      return status !== undefined && isSo(status) ? status : undefined;
    }, PATIENCE);
  }

  /** The portal's calls about one order so far. */
  callsFor({ externalSubscriptionId }: PurchaseIds, call: PortalCall['call']): PortalCall[] {
    return this.simulator.journal.filter(
      (entry) => entry.call === call && entry.externalSubscriptionId === externalSubscriptionId,
    );
  }
}
