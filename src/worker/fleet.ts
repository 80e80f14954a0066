import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger, NativeConnection } from '@temporalio/worker';
import type { WorkerConfig } from '../config.js';
import { quoted } from '../contract/visibility.js';
import { FleetCount, type ListedWorker } from './fleet-count.js';

/**
 * How often workers that share a rate tell the server that they live, and look who else does, in milliseconds.
 *
 * Asked of listWorkers, not of describeTaskQueue: on a queue of four partitions that named two of three workers (only
 * those that wait at the root partition), and a worker whose slots are all in use does not ask for work for minutes.
 */
const HEARTBEAT_MS = 2_000;

/** How often otherwise: one that is gone is missed within a minute. */
const LONE_HEARTBEAT_MS = 30_000;

/** How often a worker tells the server that it lives, in milliseconds. */
export function heartbeatMs({ portalRate }: Pick<WorkerConfig, 'portalRate'>): number {
  return portalRate === undefined ? LONE_HEARTBEAT_MS : HEARTBEAT_MS;
}

/** How long the server may take to answer, in milliseconds. */
const ANSWER_MS = 5_000;

/** More workers than these on one task queue are not counted. */
const PAGE = 100;
const MOST_PAGES = 10;

/** `WorkerStatus` of Temporal's API. A worker that drains still sends heartbeats; one that has ended does not. */
const SHUTTING_DOWN = 2;

/** A name for this worker that no other has: in containers, process IDs and even host names are the same. */
export function uniqueIdentity(): string {
  return `${process.pid}@${hostname()}#${randomBytes(4).toString('hex')}`;
}

export interface FleetDeps {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  /** What this worker is called. */
  readonly identity: string;
  readonly logger: Logger;
  /** Hears how many workers there are, this one counted, whenever that changes. */
  readonly onCount: (workers: number) => void;
}

/** Watches how many workers serve a task queue. */
export class Fleet {
  readonly #deps: FleetDeps;
  readonly #count: FleetCount;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #told = 0;
  #isStopped = false;
  #couldAsk = true;

  constructor(deps: FleetDeps) {
    this.#deps = deps;
    this.#count = new FleetCount(deps.identity);
  }

  start(): void {
    this.#looking = this.#look();
  }

  /** Ends the watch; waits for the call that is under way, as the connection is closed next. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    this.#count.look(await this.#list());
    this.#tell();
    if (!this.#isStopped) this.#timer = setTimeout(() => this.start(), HEARTBEAT_MS);
  }

  #tell(): void {
    const { count, isListed } = this.#count;
    if (count === this.#told) return;
    const { logger, onCount } = this.#deps;
    if (this.#told === 0 && !isListed) {
      logger.warn(
        'The Temporal server does not list this worker: other workers may not know that they share the rate with it',
      );
    }
    this.#told = count;
    logger.info('The number of workers that share the rate of portal calls changed', { workers: count });
    onCount(count);
  }

  /** `undefined` when the server does not say. */
  async #list(): Promise<ListedWorker[] | undefined> {
    try {
      const listed = await this.#pages();
      this.#couldAsk = true;
      return listed;
    } catch (error) {
      if (this.#couldAsk) this.#deps.logger.warn('The other workers could not be counted', { error });
      this.#couldAsk = false;
      return undefined;
    }
  }

  async #pages(): Promise<ListedWorker[]> {
    const { connection, namespace, taskQueue } = this.#deps;
    const query = `TaskQueue = ${quoted(taskQueue)}`;
    const listed: ListedWorker[] = [];
    let nextPageToken: Uint8Array | undefined;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const request = { namespace, query, pageSize: PAGE, ...(nextPageToken && { nextPageToken }) };
      const answer = await connection.withDeadline(Date.now() + ANSWER_MS, () =>
        connection.workflowService.listWorkers(request),
      );
      listed.push(...answer.workersInfo.flatMap(({ workerHeartbeat }) => listedWorker(workerHeartbeat)));
      nextPageToken = answer.nextPageToken;
      if (nextPageToken.length === 0) break;
    }
    return listed;
  }
}

type Answer = Awaited<ReturnType<NativeConnection['workflowService']['listWorkers']>>;
type Heartbeat = Answer['workersInfo'][number]['workerHeartbeat'];

function listedWorker(beat: Heartbeat): ListedWorker[] {
  if (!beat?.workerInstanceKey) return [];
  const { seconds, nanos } = beat.heartbeatTime ?? {};
  return [
    {
      key: beat.workerInstanceKey,
      identity: beat.workerIdentity ?? '',
      heartbeat: `${String(seconds)}.${String(nanos)}`,
      isLeaving: Number(beat.status) === SHUTTING_DOWN,
    },
  ];
}
