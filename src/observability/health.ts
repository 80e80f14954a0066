import { Hono } from 'hono';
import { createHttpServer, listen } from '../http-server.js';
import type { TrafficReport } from '../portal/index.js';
import { AddressError, hostAndPort } from './address.js';

/**
 * How a worker stands: it begins, polls, polls although Temporal does not answer, finishes what it has begun, or
 * has broken down.
 */
export type WorkerState = 'starting' | 'ready' | 'disconnected' | 'draining' | 'failed';

/** What `/status` answers. Others in the cluster may read it: nothing in it is secret or personal. */
export interface StatusReport {
  readonly worker: { readonly identity: string; readonly buildId?: string; readonly state: WorkerState };
  /** Whether the files with credentials can be used as they are now; while not, what they said before is used. */
  readonly credentials: 'readable' | 'unreadable';
  readonly traffic: TrafficReport;
}

/** A server that probes ask. */
export interface HealthServer {
  /** Such as `http://127.0.0.1:8081`, without a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/** How long a probe may take to ask, in milliseconds. */
const REQUEST_TIMEOUT_MS = 5_000;

/**
 * Serves `/healthz` (200 unless the worker has broken down), `/readyz` (200 only while it polls and reaches
 * Temporal) and `/status` (JSON).
 *
 * @param address `host:port`
 * @throws AddressError
 */
export async function startHealthServer(address: string, report: () => StatusReport): Promise<HealthServer> {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    context.header('Cache-Control', 'no-store');
  });
  app.get('/healthz', (context) => {
    const { state } = report().worker;
    return context.text(`${state}\n`, state === 'failed' ? 503 : 200);
  });
  app.get('/readyz', (context) => {
    const { state } = report().worker;
    return context.text(`${state}\n`, state === 'ready' ? 200 : 503);
  });
  app.get('/status', (context) => context.json(report()));
  app.notFound((context) => context.text('a worker has GET /healthz, /readyz and /status\n', 404));

  const { host, port: wanted } = hostAndPort(address);
  const server = createHttpServer((request, env) => app.fetch(request, env), {
    requestTimeout: REQUEST_TIMEOUT_MS,
  });
  const port = await listen(server, wanted, host).catch((error: unknown) => {
    throw new AddressError('MARKETPLACE_HEALTH_ADDRESS', address, error);
  });
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
