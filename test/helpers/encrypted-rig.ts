import { Client, Connection } from '@temporalio/client';
import { PurchaseClient } from '../../src/client/index.js';
import { dataConverterFor, parseKeyRing } from '../../src/codec/index.js';
import {
  purchaseWorkflowId,
  type Order,
  type PurchaseOptions,
  type PurchaseStatus,
} from '../../src/contract/index.js';
import { DEMO_CLIENT, startSimulator, type Simulator } from '../../src/simulator/index.js';
import { startDevServer, type DevServer, type DevServerOptions } from '../../src/temporal/index.js';
import { statusQuery } from '../../workflows/messages.js';
import { eventually } from './eventually.js';
import { QUICK } from './orders.js';
import { killWorkers, WorkerProcess } from './processes.js';

/** A caller with some key ring, or none. */
export interface Caller {
  readonly client: Client;
  readonly purchases: PurchaseClient;
}

/** A Temporal server and a portal, workers as processes, and callers, each with the key ring it is given. */
export class EncryptedRig {
  private constructor(
    readonly server: DevServer,
    readonly simulator: Simulator,
    readonly connection: Connection,
  ) {}

  static async start(options: DevServerOptions = {}): Promise<EncryptedRig> {
    const server = await startDevServer({ port: 0, headless: true, ...options });
    const simulator = await startSimulator({ progress: { creatingMs: 0, createdMs: 0 } });
    const connection = await Connection.connect({ address: server.address });
    return new EncryptedRig(server, simulator, connection);
  }

  async stop(): Promise<void> {
    await killWorkers();
    await this.connection.close();
    await this.simulator.close();
    await this.server.kill();
  }

  /** A worker that is ready. @param ring the JSON of its key ring; without, it encrypts nothing. */
  async startWorker(ring?: string): Promise<WorkerProcess> {
    return new WorkerProcess({
      TEMPORAL_ADDRESS: this.server.address,
      MARKETPLACE_PORTAL_URL: this.simulator.url,
      MARKETPLACE_CLIENT_ID: DEMO_CLIENT.clientId,
      MARKETPLACE_CLIENT_SECRET: DEMO_CLIENT.clientSecret,
      ...(ring !== undefined && { MARKETPLACE_CODEC_KEYS: ring }),
    }).isReady();
  }

  /** A partner's backend. */
  callerWith(ring?: string): Caller {
    const dataConverter = dataConverterFor(ring === undefined ? undefined : parseKeyRing(ring));
    const client = new Client({ connection: this.connection, dataConverter });
    return { client, purchases: new PurchaseClient(client) };
  }
}

/** Begins a purchase; `order` comes back, for whoever made it up in the call. */
export async function begin(
  { purchases }: Caller,
  order: Order,
  options: PurchaseOptions = {},
): Promise<Order> {
  await purchases.start(order, { options: { ...QUICK, ...options } });
  return order;
}

/** Waits until a worker says of a purchase what is looked for. */
export async function until(
  { client }: Caller,
  order: Order,
  isSo: (status: PurchaseStatus) => boolean,
): Promise<PurchaseStatus> {
  const handle = client.workflow.getHandle(purchaseWorkflowId(order));
  return eventually(async () => {
    const status = await handle.query(statusQuery);
    return isSo(status) ? status : undefined;
  });
}
