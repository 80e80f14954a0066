import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { workflowIdOf, type Order } from '../../src/contract/index.js';
import { TemporalCli } from '../helpers/temporal-cli.js';
import { Program, type Ending } from './program.js';
import { openStage, type Stage } from './stage.js';

/** A stage with callers on it. */
export class Scene {
  private constructor(
    readonly stage: Stage,
    readonly temporal: TemporalCli,
  ) {}

  /** @param workerEnv more of the worker's environment. */
  static async open(workerEnv: NodeJS.ProcessEnv = {}): Promise<Scene> {
    const stage = await openStage(workerEnv);
    return new Scene(stage, await TemporalCli.on(stage.server.address));
  }

  /** @param env more of the caller's environment. */
  start(command: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    return new Program(command, { ...this.stage.env, ...env });
  }

  async run(command: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ending> {
    return this.start(command, env).end();
  }

  /** How many orders the portal took under an order's ID. */
  ordersOf({ externalSubscriptionId }: Order): number {
    return this.stage.simulator.orders(externalSubscriptionId).length;
  }

  /** Cancels by Temporal's own means. */
  async cancel(order: Order): Promise<void> {
    await this.temporal.cancel(workflowIdOf(order));
  }

  /** From now on, the portal does not permit an order. */
  forbid({ externalSubscriptionId }: Order): void {
    this.stage.simulator.addFault({
      call: 'place',
      externalSubscriptionId,
      times: 'always',
      then: [{ do: 'answer', when: 'before', status: 403, body: { message: 'not on the list' } }],
    });
  }

  /** The portal takes its time to take an order, so that callers of any speed meet while it does not exist. */
  slow({ externalSubscriptionId }: Order): void {
    this.stage.simulator.addFault({
      call: 'place',
      externalSubscriptionId,
      then: [{ do: 'delay', when: 'before', ms: 3_000 }],
    });
  }

  /** From now on, the portal is away for whoever asks for an order. */
  hidePortal({ externalSubscriptionId }: Order): void {
    this.stage.simulator.addFault({
      call: 'find',
      externalSubscriptionId,
      times: 'always',
      then: [{ do: 'answer', when: 'before', status: 503, body: 'down for maintenance' }],
    });
  }

  async close(): Promise<void> {
    await this.stage.close();
  }
}

/** An order, or what is none, as a file. */
export async function fileOf(order: unknown): Promise<string> {
  const file = join(inject('workshop'), `order-${crypto.randomUUID()}.json`);
  await writeFile(file, JSON.stringify(order));
  return file;
}
