import { AsyncLocalStorage } from 'node:async_hooks';
import { fileURLToPath } from 'node:url';
import { activityInfo, type Info } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import type { PurchaseActivities } from '../../activities/api.js';
import { ensureSearchAttributes, resolveExecutable } from '../../src/temporal/index.js';
import { freePorts } from '../../src/temporal/ports.js';
import { Clock } from './clock.js';

const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));

/** One run of an activity, as long as it is under way. */
export interface Performance {
  readonly activity: string;
  /** After how long without a word of its worker the server gives it up, in milliseconds. */
  readonly givenUpMs: number;
  /** For how long its worker has been gone, by the server's clock, in milliseconds. */
  awayMs: number;
  /** Whether its worker is gone now. */
  isAway: boolean;
}

/** What is made once in a process. */
interface Equipment {
  readonly workflowBundle: WorkflowBundleWithSourceMap;
  readonly metricsUrl: string;
  readonly logged: string[];
}

let equipment: Promise<Equipment> | undefined;

async function equip(): Promise<Equipment> {
  const logged: string[] = [];
  const [port = 0] = await freePorts([0]);
  installRuntime(logged, port);
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  return { workflowBundle, metricsUrl: `http://127.0.0.1:${port}/metrics`, logged };
}

/** What the queue of each worker is called. */
export const QUEUES = { cached: 'campaign-cached', uncached: 'campaign-uncached' } as const;

/** A server that skips time and two workers, for many runs; each run brings its own portal. */
export class Stage {
  /** The activities of the run that is on. */
  activities: PurchaseActivities | undefined;
  /** How many activities began. */
  begun = 0;
  /**
   * Unlike the environment's own, it does not let the time fly while it waits for a result, and its connection
   * tries nothing again: a call that is left when the stage is closed would be tried on a closed channel.
   */
  readonly client: Client;
  /** What was logged since it was last emptied. */
  readonly logged: string[];
  readonly clock: Clock;
  readonly #performances = new Set<Performance>();
  readonly #performance = new AsyncLocalStorage<Performance>();
  readonly #workers: { readonly worker: Worker; readonly running: Promise<void> }[] = [];

  private constructor(
    readonly env: TestWorkflowEnvironment,
    readonly connection: Connection,
    readonly workflowBundle: WorkflowBundleWithSourceMap,
    private readonly metricsUrl: string,
    logged: string[],
  ) {
    this.clock = new Clock(env);
    this.client = new Client({ connection, namespace: env.namespace ?? 'default' });
    this.logged = logged;
  }

  static async open(): Promise<Stage> {
    equipment ??= equip();
    const { workflowBundle, metricsUrl, logged } = await equipment;
    const env = await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path: await resolveExecutable('test-server') } },
    });
    await ensureSearchAttributes(env.connection, env.namespace ?? 'default');
    const connection = await Connection.connect({ address: env.address, interceptors: [] });
    const stage = new Stage(env, connection, workflowBundle, metricsUrl, logged);
    await stage.#startWorker(QUEUES.cached, 100);
    await stage.#startWorker(QUEUES.uncached, 0);
    return stage;
  }

  /** The run of an activity in which this is called. */
  get performance(): Performance | undefined {
    return this.#performance.getStore();
  }

  /** Whether no activity is under way but those whose worker is gone. */
  readonly isQuiet = (): boolean => [...this.#performances].every(({ isAway }) => isAway);

  /** Whether no activity is under way. */
  get isEmpty(): boolean {
    return this.#performances.size === 0;
  }

  /** What a scrape of the metrics finds. */
  async metrics(): Promise<string> {
    return (await fetch(this.metricsUrl)).text();
  }

  /** Ends all of it, whatever state it is in: a worker that an activity holds up says so by failing. */
  async close(): Promise<void> {
    this.clock.stop();
    for (const { worker } of this.#workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await Promise.allSettled(this.#workers.map(({ running }) => running));
    await this.connection.close();
    await this.env.teardown();
  }

  async #startWorker(taskQueue: string, maxCachedWorkflows: number): Promise<void> {
    const worker = await Worker.create({
      connection: this.env.nativeConnection,
      namespace: this.env.namespace ?? 'default',
      taskQueue,
      workflowBundle: this.workflowBundle,
      maxCachedWorkflows,
      // A jump of the clock can lose a task on its way to a sticky queue; it then takes this long to notice.
      stickyQueueScheduleToStartTimeout: '500ms',
      activities: this.#delegates(),
      maxHeartbeatThrottleInterval: '5s',
      shutdownGraceTime: '1s',
      shutdownForceTime: '5s',
    });
    const running = worker.run();
    // It is looked at when the stage is closed.
    running.catch(() => undefined);
    this.#workers.push({ worker, running });
  }

  #delegates(): PurchaseActivities {
    return {
      validatePurchase: (input) => this.#actual().validatePurchase(input),
      fetchToken: (request) => this.#perform(() => this.#actual().fetchToken(request)),
      placeOrder: (request) => this.#perform(() => this.#actual().placeOrder(request)),
      getSubscriptionStatus: (ids) => this.#perform(() => this.#actual().getSubscriptionStatus(ids)),
      requestCancellation: () => this.#perform(() => this.#actual().requestCancellation()),
    };
  }

  async #perform<T>(work: () => Promise<T>): Promise<T> {
    const performance = performanceOf(activityInfo());
    this.#performances.add(performance);
    this.begun += 1;
    try {
      return await this.#performance.run(performance, work);
    } finally {
      this.#performances.delete(performance);
    }
  }

  #actual(): PurchaseActivities {
    if (this.activities === undefined) throw new Error('no run is on');
    return this.activities;
  }
}

function performanceOf(info: Info): Performance {
  const waitedMs = info.currentAttemptScheduledTimestampMs - info.scheduledTimestampMs;
  const givenUpMs = Math.min(
    info.heartbeatTimeoutMs || Infinity,
    info.startToCloseTimeoutMs || Infinity,
    (info.scheduleToCloseTimeoutMs || Infinity) - waitedMs,
  );
  return { activity: info.activityType, givenUpMs, awayMs: 0, isAway: false };
}

function installRuntime(logged: string[], metricsPort: number): void {
  const bindAddress = `127.0.0.1:${metricsPort}`;
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => {
      logged.push(`${level} ${message} ${JSON.stringify(meta, withErrors)}`);
    }),
    telemetryOptions: {
      metrics: { prometheus: { bindAddress } },
      logging: { forward: {}, filter: { core: 'INFO', other: 'WARN' } },
    },
  });
}

/** An error as JSON has all that it says. */
function withErrors(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Error
    ? {
        ...Object.fromEntries(Object.entries(value)),
        name: value.name,
        message: value.message,
        stack: value.stack,
        cause: value.cause,
      }
    : value;
}
