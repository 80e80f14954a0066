import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { GRPC, grpcCode } from '../src/temporal/grpc.js';
import { straightIfLoopback } from '../src/temporal/loopback.js';
import { LOOPBACK } from '../src/temporal/ports.js';
import type { DataFolder } from './folder.js';
import type { DatabaseAddress } from './postgres.js';
import { Service } from './service.js';
import {
  DYNAMIC_CONFIG,
  TEMPORAL_SERVICES,
  temporalConfig,
  type TemporalPorts,
  type TemporalService,
} from './temporal-config.js';

/** How long one question may take, in milliseconds. */
const QUESTION_TIMEOUT_MS = 3_000;

/** How long closed purchases are kept. */
const RETENTION = '3 days';

export interface TemporalServerOptions {
  /** The path of the server's program. */
  readonly program: string;
  readonly folder: DataFolder;
  readonly database: DatabaseAddress;
  readonly ports: TemporalPorts;
  readonly namespace: string;
}

/** A Temporal server, each of its services a process of its own. */
export class TemporalServer {
  /** `host:port` of gRPC. */
  readonly address: string;
  /** The base URL of Temporal's HTTP API. */
  readonly httpUrl: string;
  /** Where Prometheus finds its metrics. */
  readonly metrics: readonly string[];
  readonly namespace: string;
  readonly #services: ReadonlyMap<TemporalService, Service>;

  private constructor({ program, folder, database, ports, namespace }: TemporalServerOptions) {
    this.address = `${LOOPBACK}:${ports.frontend.grpc}`;
    this.httpUrl = `http://${LOOPBACK}:${ports.http}`;
    this.metrics = TEMPORAL_SERVICES.map((name) => `${LOOPBACK}:${ports[name].metrics}`);
    this.namespace = namespace;
    const dynamicConfig = folder.config('temporal-dynamic.yaml', DYNAMIC_CONFIG);
    this.#services = new Map(
      TEMPORAL_SERVICES.map((service) => {
        const content = temporalConfig({ service, ports, database, dynamicConfig });
        const config = folder.config(`temporal-${service}.yaml`, content);
        return [
          service,
          new Service({
            name: `Temporal's ${service} service`,
            command: program,
            args: ['--config-file', config, '--allow-no-auth', 'start', '--service', service],
            logFile: folder.logFile(`temporal-${service}`),
          }),
        ];
      }),
    );
  }

  /** A server that serves its namespace. @throws StackError when it does not. */
  static async start(options: TemporalServerOptions): Promise<TemporalServer> {
    const server = new TemporalServer(options);
    try {
      // On a new database the first one writes what all share: of several at once, all but one would give up.
      await server.startAgain(['frontend']);
      await server.#service('frontend').until(() => server.#register());
      await server.startAgain(TEMPORAL_SERVICES.filter((name) => name !== 'frontend'));
      await server.untilServing();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Starts what does not run: all services, or some of them. */
  async startAgain(services: readonly TemporalService[] = TEMPORAL_SERVICES): Promise<void> {
    await Promise.all(services.map((name) => this.#service(name).start()));
  }

  /** Waits until it answers for its namespace, from both databases. @throws StackError when a service ends. */
  async untilServing(): Promise<void> {
    await Promise.all([...this.#services.values()].map((service) => service.until(() => this.#serves())));
  }

  async #serves(): Promise<boolean> {
    return await this.#ask(async ({ workflowService }) => {
      const { namespace } = this;
      await workflowService.listWorkflowExecutions({ namespace, pageSize: 1 });
      // The frontend asks the history service about a run, even about one that is not there.
      const execution = { workflowId: 'is the history service there' };
      return await workflowService.describeWorkflowExecution({ namespace, execution }).then(
        () => true,
        (error: unknown) => {
          if (grpcCode(error) === GRPC.notFound) return true;
          throw error;
        },
      );
    });
  }

  async kill(services: readonly TemporalService[] = TEMPORAL_SERVICES): Promise<void> {
    await Promise.all(services.map((name) => this.#service(name).kill()));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#services.values()].map((service) => service.stop()));
  }

  async #register(): Promise<boolean> {
    return await this.#ask(async ({ workflowService }) => {
      try {
        await workflowService.registerNamespace({
          namespace: this.namespace,
          workflowExecutionRetentionPeriod: msToTs(RETENTION),
        });
      } catch (error) {
        if (grpcCode(error) !== GRPC.alreadyExists) throw error;
      }
      return true;
    });
  }

  async #ask<T>(question: (connection: Connection) => Promise<T>): Promise<T> {
    const { address } = this;
    const connection = await Connection.connect({
      address,
      ...straightIfLoopback(address),
      connectTimeout: QUESTION_TIMEOUT_MS,
    });
    try {
      return await connection.withDeadline(Date.now() + QUESTION_TIMEOUT_MS, () => question(connection));
    } finally {
      await connection.close();
    }
  }

  #service(name: TemporalService): Service {
    const service = this.#services.get(name);
    if (service === undefined) throw new Error(`no service ${name}`);
    return service;
  }
}
