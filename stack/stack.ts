import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cleanup } from '../src/cli/demo/cleanup.js';
import { LOOPBACK } from '../src/temporal/ports.js';
import { DataFolder } from './folder.js';
import { GO_TOOLS, goTool } from './go-tools.js';
import { keyRing, startCodecServer, startSimulator, startWorker, worker } from './marketplace.js';
import { stackPorts, type StackPorts } from './ports.js';
import { Postgres } from './postgres.js';
import { prometheusProgram, startPrometheus } from './prometheus.js';
import { bringSchema } from './schema.js';
import type { Service } from './service.js';
import { TemporalServer } from './temporal-server.js';
import { startWebUi, webUiUrl } from './web-ui.js';

const NAMESPACE = 'default';

export interface StackOptions {
  /** Where all is kept. @default a temporary folder, which goes with the stack */
  readonly data?: string | undefined;
  /** Take the usual ports where they are free. @default any free ones */
  readonly usualPorts?: boolean;
  /** The portal. @default a simulator of the stack's own */
  readonly portalUrl?: string;
  /** More of each worker's environment. */
  readonly workerEnv?: Readonly<Record<string, string>>;
  /** Told what is started next. */
  readonly tell?: (line: string) => void;
  /** Ends the start between two parts. */
  readonly signal?: AbortSignal;
}

/** What a production of this project consists of, each part a process on this machine. */
export class Stack {
  readonly #cleanup = new Cleanup();
  readonly namespace = NAMESPACE;
  readonly workers: Service[] = [];
  /** The bearer token that the codec server takes. */
  readonly codecSecret: string;
  /** `undefined` where Prometheus is not installed. */
  prometheusUrl: string | undefined;
  #postgres: Postgres | undefined;
  #temporal: TemporalServer | undefined;

  private constructor(
    readonly folder: DataFolder,
    readonly ports: StackPorts,
    readonly keysFile: string,
    readonly portalUrl: string,
  ) {
    this.codecSecret = folder.secret('codec-secret').value;
  }

  /** @throws StackError when a part is not installed, or does not start; then nothing of it is left. */
  static async start(options: StackOptions = {}): Promise<Stack> {
    const { data, usualPorts: areUsual = false } = options;
    const path = data ?? mkdtempSync(join(tmpdir(), 'marketplace-stack-'));
    const folder = new DataFolder(path);
    const ports = await stackPorts({ areUsual });
    const { portalUrl = `http://${LOOPBACK}:${ports.simulator}` } = options;
    const stack = new Stack(folder, ports, await keyRing(folder), portalUrl);
    if (data === undefined) stack.#cleanup.add(() => rm(path, { recursive: true, force: true }));
    try {
      await stack.#start(options);
      return stack;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  get postgres(): Postgres {
    if (this.#postgres === undefined) throw new Error('PostgreSQL was not started.');
    return this.#postgres;
  }

  get temporal(): TemporalServer {
    if (this.#temporal === undefined) throw new Error('Temporal was not started.');
    return this.#temporal;
  }

  get uiUrl(): string {
    return webUiUrl(this.ports.ui);
  }

  get codecUrl(): string {
    return `http://${LOOPBACK}:${this.ports.codec}`;
  }

  /** Ends all, the last begun first, and removes a temporary folder. */
  async stop(): Promise<void> {
    const [error] = await this.#cleanup.run();
    if (error !== undefined) throw error;
  }

  async #start({ portalUrl, workerEnv, signal, ...options }: StackOptions): Promise<void> {
    const tell = (line: string): void => {
      signal?.throwIfAborted();
      options.tell?.(line);
    };
    const { folder, ports } = this;
    const programs = {
      server: await goTool(GO_TOOLS.server, tell),
      sql: await goTool(GO_TOOLS.sql, tell),
      ui: await goTool(GO_TOOLS.ui, tell),
    };
    tell('PostgreSQL');
    this.#postgres = await Postgres.start(folder, ports.postgres);
    this.#cleanup.add(() => this.postgres.stop());
    const database = this.#postgres.address;
    tell("Temporal's schema");
    await bringSchema(programs.sql, database, folder);
    tell('Temporal server: frontend, history, matching, worker');
    const { namespace } = this;
    this.#temporal = await TemporalServer.start({
      program: programs.server,
      folder,
      database,
      ports: ports.temporal,
      namespace,
    });
    this.#cleanup.add(() => this.temporal.stop());
    if (portalUrl === undefined) {
      tell('portal simulator');
      this.#endsWith(await startSimulator(folder, ports.simulator));
    }
    tell('codec server');
    const { keysFile, codecSecret: secret } = this;
    this.#endsWith(
      await startCodecServer({
        folder,
        port: ports.codec,
        keysFile,
        secret,
        namespace,
        uiOrigin: this.uiUrl,
      }),
    );
    tell('Web UI');
    this.#endsWith(
      await startWebUi({
        program: programs.ui,
        folder,
        port: ports.ui,
        temporalAddress: this.temporal.address,
        namespace,
        codecEndpoint: this.codecUrl,
      }),
    );
    tell('two workers');
    await this.#startWorkers(workerEnv);
    await this.#startPrometheus(tell);
  }

  async #startWorkers(changes: StackOptions['workerEnv']): Promise<void> {
    const { folder, namespace, portalUrl, keysFile } = this;
    for (const [index, { metrics, health }] of this.ports.workers.entries()) {
      const service = worker({
        folder,
        name: `worker-${index + 1}`,
        temporalAddress: this.temporal.address,
        namespace,
        portalUrl,
        keysFile,
        metricsAddress: metrics,
        healthAddress: health,
        ...(changes && { changes }),
      });
      this.#endsWith(service);
      this.workers.push(service);
    }
    // The first one makes the search attributes.
    for (const service of this.workers) await startWorker(service);
  }

  async #startPrometheus(tell: (line: string) => void): Promise<void> {
    const program = prometheusProgram();
    if (program === undefined) {
      tell('no Prometheus, which is not installed: apt-get install prometheus');
      return;
    }
    tell('Prometheus');
    const { folder, ports } = this;
    const port = ports.prometheus;
    const targets = {
      'marketplace-worker': ports.workers.map(({ metrics }) => metrics),
      temporal: this.temporal.metrics,
    };
    this.#endsWith(await startPrometheus(program, { folder, port, targets }));
    this.prometheusUrl = `http://${LOOPBACK}:${port}`;
  }

  #endsWith(service: Service): void {
    this.#cleanup.add(() => service.stop());
  }
}
