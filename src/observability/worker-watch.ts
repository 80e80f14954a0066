import { hostname } from 'node:os';
import { Client } from '@temporalio/client';
import { Runtime, type NativeConnection, type Worker } from '@temporalio/worker';
import type { TrafficReport } from '../portal/index.js';
import { CredentialsWatch } from './credentials-watch.js';
import type { StatusReport, WorkerState } from './health.js';
import { beginAtZero } from './purchase-counters.js';
import { repeat, type Repetition } from './repeat.js';
import { serverGauges } from './server-gauges.js';
import { workerGauges } from './worker-gauges.js';

/** A worker that runs, and where. */
export interface Watched {
  readonly worker: Worker;
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
}

export interface WatchOptions {
  readonly buildId?: string | undefined;
  /** What the calls to the portal are doing. */
  readonly traffic: () => TrafficReport;
  /** What is wrong with the files with credentials; `undefined` when nothing is. */
  readonly credentialsProblem: () => string | undefined;
  /** Whether metrics are exported: what they need of Temporal is looked up. */
  readonly isMeasured: boolean;
}

/** How often Temporal is asked whether it is there, and how long it may take, in milliseconds. */
const REACH_PAUSE_MS = 5_000;
const REACH_TIMEOUT_MS = 5_000;

/** How often the files with credentials are looked at, in milliseconds. */
const CREDENTIALS_PAUSE_MS = 15_000;

/** How often what metrics need of Temporal is looked up, and how long that may take, in milliseconds. */
const LOOKUP_PAUSE_MS = 30_000;
const LOOKUP_TIMEOUT_MS = 15_000;

/** Knows how a worker of this process stands, from before it is there until after it is gone. */
export class WorkerWatch {
  readonly #options: WatchOptions;
  readonly #credentials: CredentialsWatch;
  #watched: Watched | undefined;
  #isReached = false;
  #repetitions: Repetition[] = [];

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#credentials = new CredentialsWatch(options.credentialsProblem, Runtime.instance().logger);
  }

  /** Begins to watch a worker that has begun to run. Its connection must stay open until {@link end}. */
  begin(watched: Watched): void {
    const { logger, metricMeter } = Runtime.instance();
    const { connection, namespace, taskQueue } = watched;
    this.#watched = watched;
    const tellGauges = workerGauges(metricMeter);
    const check = async (): Promise<void> => {
      this.#isReached = await isReached(connection);
      tellGauges(this.report());
    };
    const lookAtCredentials = async (): Promise<void> => this.#credentials.look();
    this.#repetitions = [repeat(CREDENTIALS_PAUSE_MS, lookAtCredentials), repeat(REACH_PAUSE_MS, check)];
    if (!this.#options.isMeasured) return;
    beginAtZero(metricMeter, { namespace, taskQueue });
    const lookUp = serverGauges(metricMeter, new Client({ connection, namespace }), taskQueue);
    const warn = (): void => logger.warn('Purchases and backlog could not be looked up for metrics');
    const lookUpInTime = () => connection.withDeadline(Date.now() + LOOKUP_TIMEOUT_MS, lookUp).catch(warn);
    this.#repetitions.push(repeat(LOOKUP_PAUSE_MS, lookUpInTime));
  }

  /** Uses the worker's connection no more. */
  async end(): Promise<void> {
    await Promise.all(this.#repetitions.map((repetition) => repetition.stop()));
  }

  report(): StatusReport {
    const { buildId, traffic } = this.#options;
    const identity = this.#watched?.worker.options.identity ?? `${process.pid}@${hostname()}`;
    return {
      worker: { identity, ...(buildId !== undefined && { buildId }), state: this.#state },
      credentials: this.#credentials.areReadable ? 'readable' : 'unreadable',
      traffic: traffic(),
    };
  }

  get #state(): WorkerState {
    switch (this.#watched?.worker.getState()) {
      case undefined:
      case 'INITIALIZED':
        return 'starting';
      case 'RUNNING':
        return this.#isReached ? 'ready' : 'disconnected';
      case 'FAILED':
        return 'failed';
      default:
        return 'draining';
    }
  }
}

async function isReached(connection: NativeConnection): Promise<boolean> {
  try {
    await connection.withDeadline(Date.now() + REACH_TIMEOUT_MS, () =>
      connection.workflowService.getSystemInfo({}),
    );
    return true;
  } catch {
    return false;
  }
}
