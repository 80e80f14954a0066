import { setTimeout as delay } from 'node:timers/promises';
import { endsWithin, startProcess } from './child-process.js';
import type { RunningProcess } from './child-process.js';
import { assertServing } from './dev-server-health.js';
import { DevServerError, reasonOf } from './errors.js';
import { resolveExecutable } from './executables.js';
import { freePorts, LOOPBACK } from './ports.js';

/** How long a start may take, in milliseconds: about a second as a rule, more on a busy machine. */
const START_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 100;

/** How long a server may take to end itself before it is killed, in milliseconds. */
const STOP_GRACE_MS = 10_000;

/** Trading partners take turns: off by default in a server that one runs oneself. */
export const FAIRNESS = ['--dynamic-config-value', 'matching.enableFairness=true'] as const;

/** The CLI has its server read them anew at every call. */
const FIXED_SEARCH_ATTRIBUTES = [
  '--dynamic-config-value',
  'system.forceSearchAttributesCacheRefreshOnRead=false',
] as const;

/** Ports are chosen before the server takes them; another process may be faster. */
const START_ATTEMPTS = 3;

/** What the CLI says then, such as "can't set UI port 8233: listen tcp …: bind: address already in use". */
const PORT_TAKEN = /can't set .* port \d+/;

export interface DevServerOptions {
  /** The path of the `temporal` CLI. Default: `resolveExecutable('cli')`. */
  readonly executable?: string | undefined;
  /** The wanted gRPC port; another one when it is taken, 0 for any. @default 7233 */
  readonly port?: number | undefined;
  /** The wanted port of the Web UI; another one when it is taken, 0 for any. @default 8233 */
  readonly uiPort?: number | undefined;
  /** Where to keep all state. Default: in memory, lost when the server ends. */
  readonly dbFilename?: string | undefined;
  /** Search attributes to register, name → type as the CLI writes it (`Keyword`). */
  readonly searchAttributes?: Readonly<Record<string, string>> | undefined;
  /**
   * Reads the search attributes once, as production servers do, and not at every call, which takes a fifth of the
   * server's time. Those that are registered later are not seen for a while. @default false
   */
  readonly fixedSearchAttributes?: boolean | undefined;
  /** A namespace to have besides `default`. @default default */
  readonly namespace?: string | undefined;
  /** Without the Web UI. @default false */
  readonly headless?: boolean | undefined;
  /** What the server writes; its end is shown when it does not come up. @default warn */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'never' | undefined;
  /** Called with a line for a person while the CLI is looked for or downloaded. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

/**
 * A development server on loopback. Like any server it keeps the process alive until it is stopped; when
 * the process ends first, by itself or by a signal other than SIGKILL, the server is killed.
 */
export interface DevServer {
  /** `host:port` of gRPC. */
  readonly address: string;
  readonly namespace: string;
  /** `undefined` when headless. */
  readonly uiUrl: string | undefined;
  /** The base URL of Temporal's HTTP API. */
  readonly httpUrl: string;
  readonly pid: number;
  /** Ends the server: asks, and kills it after a grace. Settles when it has ended; may be called again. */
  stop(): Promise<void>;
  /** Kills the server, as a crash would. Settles when it has ended. */
  kill(): Promise<void>;
}

interface Ports {
  readonly grpc: number;
  readonly ui: number;
  readonly http: number;
}

/**
 * Starts `temporal server start-dev` on loopback and waits until it serves.
 *
 * @throws DevServerError with the end of the server's output when it does not come up.
 * @throws TemporalConfigError or TemporalNotFoundError as {@link resolveExecutable} does.
 */
export async function startDevServer(options: DevServerOptions = {}): Promise<DevServer> {
  const { onProgress } = options;
  const executable = options.executable ?? (await resolveExecutable('cli', { onProgress }));
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(executable, await choosePorts(options), options);
    } catch (error) {
      if (attempt === START_ATTEMPTS || !PORT_TAKEN.test(reasonOf(error))) throw error;
    }
  }
}

async function choosePorts({ port = 7233, uiPort = 8233 }: DevServerOptions): Promise<Ports> {
  const [grpc = 0, ui = 0, http = 0] = await freePorts([port, uiPort, 0]);
  return { grpc, ui, http };
}

async function start(executable: string, ports: Ports, options: DevServerOptions): Promise<DevServer> {
  const server = await startProcess(executable, startArguments(ports, options), { env: process.env }).catch(
    (error: unknown) => {
      throw new DevServerError(`${executable} could not be run: ${reasonOf(error)}`, { cause: error });
    },
  );
  const devServer = describe(server, ports, options);
  try {
    await untilServing(server, devServer);
    return devServer;
  } catch (error) {
    await devServer.kill();
    throw error;
  }
}

function startArguments(ports: Ports, options: DevServerOptions): string[] {
  const { namespace, dbFilename, searchAttributes = {}, headless = false, logLevel = 'warn' } = options;
  return [
    'server',
    'start-dev',
    `--ip=${LOOPBACK}`,
    `--port=${ports.grpc}`,
    `--http-port=${ports.http}`,
    headless ? '--headless' : `--ui-port=${ports.ui}`,
    `--log-level=${logLevel}`,
    ...FAIRNESS,
    ...(options.fixedSearchAttributes === true ? FIXED_SEARCH_ATTRIBUTES : []),
    ...(namespace === undefined ? [] : [`--namespace=${namespace}`]),
    ...(dbFilename === undefined ? [] : [`--db-filename=${dbFilename}`]),
    ...Object.entries(searchAttributes).map(([name, type]) => `--search-attribute=${name}=${type}`),
  ];
}

function describe(server: RunningProcess, ports: Ports, options: DevServerOptions): DevServer {
  return {
    address: `${LOOPBACK}:${ports.grpc}`,
    namespace: options.namespace ?? 'default',
    uiUrl: options.headless === true ? undefined : `http://${LOOPBACK}:${ports.ui}`,
    httpUrl: `http://${LOOPBACK}:${ports.http}`,
    pid: server.pid,
    stop: () => stop(server),
    kill: async () => {
      server.signal('SIGKILL');
      await server.ended;
    },
  };
}

async function stop(server: RunningProcess): Promise<void> {
  server.signal('SIGTERM');
  if (!(await endsWithin(server, STOP_GRACE_MS))) server.signal('SIGKILL');
  await server.ended;
}

async function untilServing(server: RunningProcess, devServer: DevServer): Promise<void> {
  const giveUpAt = Date.now() + START_TIMEOUT_MS;
  let problem: unknown;
  while (server.isRunning() && Date.now() < giveUpAt) {
    try {
      await assertServing(devServer);
      return;
    } catch (error) {
      problem = error;
      await Promise.race([delay(POLL_INTERVAL_MS), server.ended]);
    }
  }
  const what = server.isRunning()
    ? `did not serve within ${START_TIMEOUT_MS / 1_000} s (${reasonOf(problem)})`
    : 'ended while it was starting';
  throw new DevServerError(
    `Temporal's development server ${what}. The end of its output:\n${server.output()}`,
  );
}
