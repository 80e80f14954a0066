import { Client, Connection } from '@temporalio/client';
import { PurchaseClient } from '../../src/client/index.js';
import { dataConverterFor, parseKeyRing } from '../../src/codec/index.js';
import {
  purchaseWorkflowId,
  TASK_QUEUE,
  type Order,
  type PurchaseOptions,
  type PurchasePhase,
} from '../../src/contract/index.js';
import { DEMO_CLIENT, startSimulator, type Simulator } from '../../src/simulator/index.js';
import { startDevServer, type DevServer } from '../../src/temporal/index.js';
import type { WebUi } from '../../src/temporal/ui-links.js';
import { eventually } from '../helpers/eventually.js';
import { anOrder } from '../helpers/orders.js';
import { WorkerProcess } from '../helpers/processes.js';

export const PARTNER = '0012300000AbCdE';
export const OTHER_PARTNER = '0019900000XyZzY';

/** The queue of workers whose credentials are wrong, until someone mends them. */
export const MISCONFIGURED = 'misconfigured';

/** A Temporal server with its Web UI, a portal, and a worker. All on loopback. */
export class Stage {
  readonly #workers = new Map<string, WorkerProcess>();

  private constructor(
    readonly server: DevServer,
    readonly simulator: Simulator,
    readonly temporal: Client,
    readonly workerEnv: NodeJS.ProcessEnv,
  ) {}

  /** @param keyRing the JSON of a key ring: then all is encrypted. */
  static async open(keyRing?: string): Promise<Stage> {
    const server = await startDevServer({ port: 0, uiPort: 0 });
    const simulator = await startSimulator({ progress: { creatingMs: 500, createdMs: 500 } });
    const connection = await Connection.connect({ address: server.address });
    const dataConverter = dataConverterFor(keyRing === undefined ? undefined : parseKeyRing(keyRing));
    const workerEnv = keyRing === undefined ? {} : { MARKETPLACE_CODEC_KEYS: keyRing };
    const stage = new Stage(server, simulator, new Client({ connection, dataConverter }), workerEnv);
    await stage.startWorker();
    return stage;
  }

  get ui(): WebUi {
    return { url: this.server.uiUrl ?? '', namespace: this.server.namespace };
  }

  client(taskQueue?: string): PurchaseClient {
    return new PurchaseClient(this.temporal, taskQueue === undefined ? {} : { taskQueue });
  }

  async startWorker(taskQueue = TASK_QUEUE, clientSecret: string = DEMO_CLIENT.clientSecret): Promise<void> {
    const worker = new WorkerProcess({
      TEMPORAL_ADDRESS: this.server.address,
      MARKETPLACE_TASK_QUEUE: taskQueue,
      MARKETPLACE_PORTAL_URL: this.simulator.url,
      MARKETPLACE_CLIENT_ID: DEMO_CLIENT.clientId,
      MARKETPLACE_CLIENT_SECRET: clientSecret,
      ...this.workerEnv,
    });
    this.#workers.set(taskQueue, worker);
    await worker.isReady();
  }

  /** Restarts the workers of a queue, with credentials that are right. */
  async mend(taskQueue: string): Promise<void> {
    await this.#workers.get(taskQueue)?.kill();
    await this.startWorker(taskQueue);
  }

  async stopWorkers(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.kill()));
    this.#workers.clear();
  }

  /** Starts a purchase, and waits until Temporal's lists know it in that phase. */
  async purchase(
    order: Order,
    phase: PurchasePhase,
    { taskQueue, ...options }: PurchaseOptions & { readonly taskQueue?: string } = {},
  ): Promise<Order> {
    const client = this.client(taskQueue);
    await client.start(order, { options });
    await eventually(async () => {
      const { externalSubscriptionId } = order;
      for await (const item of client.list({ phase, externalSubscriptionId, limit: 1 })) return item;
      return undefined;
    });
    return order;
  }

  async close(): Promise<void> {
    await this.stopWorkers();
    await this.temporal.connection.close();
    await this.simulator.close();
    await this.server.stop();
  }
}

export const order = (externalSubscriptionId: string, productId = '2c92a0ff', tradingPartnerId = PARTNER) =>
  anOrder({ externalSubscriptionId, tradingPartnerId, orderLines: [{ productId, quantity: 10 }] });

export const idsOf = (...orders: readonly Order[]): readonly string[] =>
  orders.map(purchaseWorkflowId).toSorted();
