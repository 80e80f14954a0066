import { Runtime } from '@temporalio/worker';
import type { WorkerConfig } from '../config.js';
import type { PortalClientOptions, TrafficReport } from '../portal/index.js';
import { startHealthServer, type HealthServer } from './health.js';
import { countCalls, partnerLabels } from './portal-metrics.js';
import { installRuntime, type RuntimeSettings } from './runtime.js';
import { startTracing, type Tracing, type WorkerTracing } from './tracing.js';
import { WorkerWatch, type Watched } from './worker-watch.js';

/** What an observer tells of, and how. */
export interface ObserverDeps extends Pick<RuntimeSettings, 'logger' | 'heartbeatMs'> {
  /** What the calls to the portal are doing. */
  readonly traffic: () => TrafficReport;
}

/** Lets a worker process be seen from outside: metrics, health, traces, logs. */
export class Observer {
  readonly #watch: WorkerWatch;
  readonly #health: HealthServer | undefined;
  readonly #tracing: Tracing | undefined;
  /** What the client of the portal is to tell. */
  readonly portal: Pick<PortalClientOptions, 'onCall' | 'extraHeaders'>;

  private constructor(
    watch: WorkerWatch,
    health: HealthServer | undefined,
    tracing: Tracing | undefined,
    config: WorkerConfig,
  ) {
    this.#watch = watch;
    this.#health = health;
    this.#tracing = tracing;
    this.portal = portalHooks(config, tracing);
  }

  /**
   * Begins before anything else of a worker, so that it is seen starting too. Installs the SDK's runtime.
   *
   * @throws AddressError
   */
  static async start(
    config: WorkerConfig,
    { logger, heartbeatMs, traffic }: ObserverDeps,
  ): Promise<Observer> {
    const { metricsAddress, buildId, partners } = config;
    await installRuntime({ logger, heartbeatMs, metricsAddress });
    const isMeasured = metricsAddress !== undefined;
    const watch = new WorkerWatch({ buildId, traffic, isMeasured, credentialsProblem: partners.problem });
    const health =
      config.healthAddress === undefined
        ? undefined
        : await startHealthServer(config.healthAddress, () => watch.report());
    return new Observer(watch, health, startTracing(config.portalUrl, Runtime.instance().logger), config);
  }

  /** `undefined` when nothing is traced. */
  get tracing(): WorkerTracing | undefined {
    return this.#tracing;
  }

  /** A worker has begun to run. Its connection must stay open until {@link endWatch}. */
  beginWatch(watched: Watched): void {
    this.#watch.begin(watched);
  }

  async endWatch(): Promise<void> {
    await this.#watch.end();
  }

  /** The last thing of a worker: sends the spans that are left, and answers probes no more. */
  async close(): Promise<void> {
    await this.#tracing?.close();
    await this.#health?.close();
  }
}

function portalHooks({ partners }: WorkerConfig, tracing: Tracing | undefined): Observer['portal'] {
  const count = countCalls(Runtime.instance().metricMeter, partnerLabels(partners.named));
  if (tracing === undefined) return { onCall: count };
  return {
    onCall: (call, report) => {
      count(call, report);
      tracing.portal.onCall(call, report);
    },
    extraHeaders: tracing.portal.extraHeaders,
  };
}
