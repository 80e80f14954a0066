import { appendFileSync, chmodSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection, isGrpcServiceError, type WorkflowHandle } from '@temporalio/client';
import { inject } from 'vitest';
import { isUnanswered } from '../../src/client/failures.js';
import { PurchaseClient } from '../../src/client/index.js';
import { codecKeysIn } from '../../src/config.js';
import { dataConverterFor } from '../../src/codec/index.js';
import {
  purchaseWorkflowId,
  type Order,
  type PurchaseIds,
  type PurchaseOptions,
  type PurchaseStatus,
} from '../../src/contract/index.js';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/index.js';
import { grpcCode } from '../../src/temporal/grpc.js';
import { Stack } from '../../stack/stack.js';
import { statusQuery } from '../../workflows/messages.js';
import type { PurchaseWorkflow } from '../../workflows/purchase.js';
import { unlessUnanswered } from '../helpers/answered.js';
import { eventually } from '../helpers/eventually.js';
import { QUICK } from '../helpers/orders.js';
import { startPortalProxy, type PortalProxy } from '../helpers/processes-proxy.js';
import { NOTES } from './run.js';

/** Writes down what was measured, for the end of the run. */
export function note(line: string): void {
  appendFileSync(join(inject('run'), NOTES), `  ${line}\n`);
}

interface RigOptions {
  readonly simulator?: SimulatorOptions;
  readonly workerEnv?: Readonly<Record<string, string>>;
}

/** Enough for what waits for a settling window and a server that comes back, on a slow machine. */
const PATIENCE = 2_400;

/** A whole stack with encryption on, a portal behind a proxy that a test can hold up, and a partner's backend. */
export class StackRig {
  private constructor(
    readonly stack: Stack,
    readonly simulator: Simulator,
    readonly proxy: PortalProxy,
    readonly client: Client,
    readonly purchases: PurchaseClient,
  ) {}

  static async start({ simulator: options, workerEnv = {} }: RigOptions = {}): Promise<StackRig> {
    const progress = { creatingMs: 0, createdMs: 0 };
    const simulator = await startSimulator({ progress, secondPost: 'duplicate', ...options });
    const proxy = await startPortalProxy(simulator.url);
    const closePortal = async () => {
      await proxy.close();
      await simulator.close();
    };
    const run = inject('run');
    chmodSync(run, 0o711);
    const data = mkdtempSync(join(run, 'stack-'));
    try {
      const stack = await Stack.start({ data, portalUrl: proxy.url, workerEnv });
      const connection = await Connection.connect({ address: stack.temporal.address });
      const keys = codecKeysIn({ MARKETPLACE_CODEC_KEYS_FILE: stack.keysFile });
      const client = new Client({ connection, dataConverter: dataConverterFor(keys) });
      return new StackRig(stack, simulator, proxy, client, new PurchaseClient(client));
    } catch (error) {
      await closePortal();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.client.connection.close();
    await this.stack.stop();
    await this.proxy.close();
    await this.simulator.close();
  }

  async begin(order: Order, options: PurchaseOptions = {}): Promise<Order> {
    await this.purchases.start(order, { options: { ...QUICK, ...options } });
    return order;
  }

  handle(ids: PurchaseIds): WorkflowHandle<typeof PurchaseWorkflow> {
    return this.client.workflow.getHandle<typeof PurchaseWorkflow>(purchaseWorkflowId(ids));
  }

  /** Waits until a worker says of a purchase what is looked for. */
  async until(ids: PurchaseIds, isSo: (status: PurchaseStatus) => boolean): Promise<PurchaseStatus> {
    return eventually(async () => {
      const status = await unlessUnanswered(() => this.handle(ids).query(statusQuery), isAway);
      return status !== undefined && isSo(status) ? status : undefined;
    }, PATIENCE);
  }
}

/** gRPC's UNAVAILABLE: a server that comes back is not whole at once. */
const UNAVAILABLE = 14;

/** Whether a call only failed because the server, or whoever answers there, is away. */
export function isAway(error: unknown): boolean {
  const cause = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
  return isUnanswered(error) || grpcCode(cause) === UNAVAILABLE;
}
