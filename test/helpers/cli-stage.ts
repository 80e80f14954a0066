import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { PurchaseClient } from '../../src/client/index.js';
import {
  purchaseWorkflowId,
  type Order,
  type PurchaseIds,
  type PurchaseOptions,
  type PurchasePhase,
} from '../../src/contract/index.js';
import { DEMO_CLIENT, startSimulator, type Simulator } from '../../src/simulator/index.js';
import { startDevServer, type DevServer } from '../../src/temporal/index.js';
import { eventually } from './eventually.js';
import { anOrder, QUICK } from './orders.js';
import { killWorkers, WorkerProcess } from './processes.js';

/** The built command line. `npm test` builds it. */
export const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A server, a portal and a worker process: what a person's command line talks to. */
export class CliStage {
  readonly #connection: Connection;
  readonly #folder = mkdtempSync(join(tmpdir(), 'cli-stage-'));
  readonly temporal: Client;
  readonly purchases: PurchaseClient;
  #worker: WorkerProcess | undefined;

  private constructor(
    connection: Connection,
    readonly server: DevServer,
    readonly simulator: Simulator,
  ) {
    this.#connection = connection;
    this.temporal = new Client({ connection });
    this.purchases = new PurchaseClient(this.temporal);
  }

  static async start(): Promise<CliStage> {
    const server = await startDevServer({ port: 0, headless: true });
    const simulator = await startSimulator({ progress: { creatingMs: 0, createdMs: 0 } });
    const stage = new CliStage(await Connection.connect({ address: server.address }), server, simulator);
    await stage.startWorker();
    return stage;
  }

  /** How the worker, and who runs `doctor` beside it, reaches the portal. */
  get portal(): Readonly<Record<string, string>> {
    return {
      MARKETPLACE_PORTAL_URL: this.simulator.url,
      MARKETPLACE_CLIENT_ID: DEMO_CLIENT.clientId,
      MARKETPLACE_CLIENT_SECRET: DEMO_CLIENT.clientSecret,
    };
  }

  /** A home without a configuration file of Temporal's, which could lead to another server. */
  get env(): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      HOME: this.#folder,
      TEMPORAL_ADDRESS: this.server.address,
      TEMPORAL_UI_URL: 'http://ui.example',
    };
  }

  async startWorker(): Promise<void> {
    this.#worker = await new WorkerProcess({
      TEMPORAL_ADDRESS: this.server.address,
      ...this.portal,
    }).isReady();
  }

  async stopWorker(): Promise<void> {
    this.#worker?.signal('SIGTERM');
    await this.#worker?.end();
  }

  async stop(): Promise<void> {
    await killWorkers();
    await this.#connection.close();
    await this.simulator.close();
    await this.server.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    return new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [MAIN, ...args],
        { env: { ...this.env, ...env }, timeout: 60_000, killSignal: 'SIGKILL' },
        (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
      );
    });
  }

  /** The JSON a command prints. */
  async json(...args: readonly string[]): Promise<unknown> {
    const { code, stdout, stderr } = await this.run([...args, '-o', 'json']);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout);
  }

  file(content: unknown): string {
    const path = join(this.#folder, 'content.json');
    writeFileSync(path, JSON.stringify(content));
    return path;
  }

  /** Starts a purchase, and waits until it is in a phase, and found by its ID. */
  async bring(order: Order, phase: PurchasePhase, options: PurchaseOptions = {}): Promise<Order> {
    await this.purchases.start(order, { options: { ...QUICK, ...options } });
    await this.listed(order, phase);
    return order;
  }

  /** Waits until Temporal's lists have a purchase in a phase. */
  async listed(ids: PurchaseIds, phase: PurchasePhase): Promise<void> {
    await eventually(async () => {
      for await (const item of this.purchases.list({ ...ids, phase })) return item;
      return undefined;
    });
  }

  /** An order that stays where the portal has it. */
  async provisioning(id: string): Promise<Order> {
    this.simulator.setStatus(id, 'Created');
    const polling = { initialInterval: '10m', maximumInterval: '10m', deadline: '10d' };
    const order = await this.bring(anOrder({ externalSubscriptionId: id }), 'Provisioning', { polling });
    await this.purchases.poll(order);
    await eventually(async () => (await this.purchases.status(order)).status.portalStatus);
    return order;
  }

  /** An order that the portal refused, which waits for a person. */
  async parked(id: string): Promise<Order> {
    const orderLines = [{ productId: 'refuse-me', quantity: 1 }];
    const order = anOrder({ externalSubscriptionId: id, orderLines });
    return this.bring(order, 'ActionRequired', { onRejected: 'park' });
  }

  /** An order that GitLab did not provision in time. */
  async overdue(id: string): Promise<Order> {
    this.simulator.setStatus(id, 'Created');
    const polling = { initialInterval: '200ms', deadline: '1s' };
    return this.bring(anOrder({ externalSubscriptionId: id }), 'Overdue', { polling });
  }

  /** An order of which nobody knows whether the portal has it. */
  async unknown(id: string): Promise<Order> {
    const then = { do: 'drop', when: 'before' } as const;
    this.simulator.addFault({ call: 'place', externalSubscriptionId: id, times: 'always', then });
    return this.bring(anOrder({ externalSubscriptionId: id }), 'ActionRequired');
  }

  workflowId(ids: PurchaseIds): string {
    return purchaseWorkflowId(ids);
  }
}
