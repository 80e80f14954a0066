import { randomUUID } from 'node:crypto';
import type { WorkflowHandle, WorkflowStartOptions } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Worker } from '@temporalio/worker';
import { PurchaseClient } from '../../src/client/index.js';
import {
  purchaseWorkflowId,
  WORKFLOW_TYPE,
  type Order,
  type PurchaseInput,
} from '../../src/contract/index.js';
import { PortalClient, type PortalClientOptions } from '../../src/portal/index.js';
import {
  DEMO_CLIENT,
  startSimulator,
  type Simulator,
  type SimulatorOptions,
} from '../../src/simulator/index.js';
import { createWorker } from '../../src/worker/index.js';
import type { PurchaseWorkflow } from '../../workflows/purchase.js';
import { anInput } from './orders.js';

export interface RigOptions {
  readonly simulator?: SimulatorOptions;
  readonly portal?: Partial<PortalClientOptions>;
}

/** A portal simulator and a worker on a task queue of their own, over a Temporal server. */
export class Rig {
  readonly client: PurchaseClient;
  readonly portal: PortalClient;
  readonly taskQueue = `test-${randomUUID()}`;
  #worker: Worker | undefined;
  #running: Promise<void> | undefined;

  private constructor(
    readonly env: TestWorkflowEnvironment,
    readonly simulator: Simulator,
    portal: Partial<PortalClientOptions>,
  ) {
    this.client = new PurchaseClient(env.client, { taskQueue: this.taskQueue });
    this.portal = new PortalClient({ url: simulator.url, credentials: () => DEMO_CLIENT, ...portal });
  }

  static async start(env: TestWorkflowEnvironment, options: RigOptions = {}): Promise<Rig> {
    const progress = { creatingMs: 0, createdMs: 0 };
    const simulator = await startSimulator({ progress, ...options.simulator });
    const rig = new Rig(env, simulator, options.portal ?? {});
    await rig.startWorker();
    return rig;
  }

  async startWorker(): Promise<void> {
    this.#worker = await createWorker(this.taskQueue, {
      connection: this.env.nativeConnection,
      namespace: this.env.namespace ?? 'default',
      portal: this.portal,
    });
    this.#running = this.#worker.run();
  }

  async stopWorker(): Promise<void> {
    this.#worker?.shutdown();
    await this.#running;
    this.#worker = undefined;
    this.#running = undefined;
  }

  async stop(): Promise<void> {
    if (this.#worker) await this.stopWorker();
    await this.portal.close();
    await this.simulator.close();
  }

  /** Starts the workflow as a caller in any language would: by name, with plain JSON. */
  async begin(
    input: unknown = anInput(),
    options: Partial<WorkflowStartOptions> = {},
  ): Promise<WorkflowHandle<typeof PurchaseWorkflow>> {
    return this.env.client.workflow.start(WORKFLOW_TYPE, {
      workflowId: isInput(input) ? purchaseWorkflowId(input.order) : `purchase:${randomUUID()}`,
      taskQueue: this.taskQueue,
      ...options,
      args: [input],
    });
  }

  /** How many orders the portal took for one ID. */
  ordersFor(order: Order): number {
    return this.simulator.orders(order.externalSubscriptionId).length;
  }
}

function isInput(input: unknown): input is PurchaseInput {
  return (
    isId(fieldOf(fieldOf(input, 'order'), 'tradingPartnerId')) &&
    isId(fieldOf(fieldOf(input, 'order'), 'externalSubscriptionId'))
  );
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** The server takes no longer workflow ID. */
function isId(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 100;
}
