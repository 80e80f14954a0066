import { setMaxListeners } from 'node:events';
import type { Server } from 'node:http';
import { createHttpServer, listen } from '../http-server.js';
import { createApp } from './app.js';
import { Clients } from './clients.js';
import { FaultPlan } from './fault-plan.js';
import type { Fault } from './faults.js';
import type { JournalEntry } from './journal.js';
import { DEMO_CLIENT, settingsOf, type SimulatorClient, type SimulatorOptions } from './options.js';
import { OrderBook, type SimulatedOrder } from './orders.js';
import type { Portal } from './portal.js';
import { Tokens } from './tokens.js';

/** A running stand-in of GitLab's Customers Portal. */
export interface Simulator {
  /** Such as `http://127.0.0.1:40123`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Every call, in the order of arrival; it grows and its last entries change while calls are under way. */
  readonly journal: readonly JournalEntry[];
  /** All committed orders, or those of one ID; duplicates included. */
  orders(externalSubscriptionId?: string): SimulatedOrder[];
  /** The order says this status from now on, whatever it is; an order that does not exist yet too. */
  setStatus(externalSubscriptionId: string, status: string): void;
  /** @throws TypeError when the fault has the wrong shape. */
  addFault(fault: Fault): void;
  /** Drops the faults that were not used yet, and those that never end. */
  clearFaults(): void;
  /** Adds an account, or changes the one of that client ID: another secret is a rotation. Its tokens stay good. */
  setClient(client: SimulatorClient): void;
  /** Every token of a client is answered 401. */
  revokeTokensOf(clientId: string): void;
  /** Every token issued so far is answered 401. */
  revokeTokens(): void;
  /** Every token ever issued, revoked ones too, for tests that search for them where none may be. */
  issuedTokens(): string[];
  /** Stops listening and ends open sockets; delayed calls go no further. */
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';

/**
 * Longer than any client keeps an idle connection, so that it is never the simulator that closes one just as
 * the next request is sent: a lost connection is to be a fault that was asked for.
 */
const KEEP_ALIVE_MS = 600_000;

/**
 * Starts a simulator on 127.0.0.1.
 *
 * @throws TypeError when a fault has the wrong shape; Node's own error when the port is taken.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const portal = createPortal(options, stop.signal);
  const app = createApp(portal);
  const server = createHttpServer((request, env) => app.fetch(request, env), {
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  const port = await listen(server, options.port ?? 0, LOOPBACK);
  return {
    url: `http://${LOOPBACK}:${port}`,
    port,
    journal: portal.journal,
    orders: (externalSubscriptionId) => portal.orders.list(externalSubscriptionId),
    setStatus: (externalSubscriptionId, status) => portal.orders.setStatus(externalSubscriptionId, status),
    addFault: (fault) => portal.faults.add(fault),
    clearFaults: () => portal.faults.clear(),
    setClient: (client) => portal.clients.set(client),
    revokeTokensOf: (clientId) => portal.tokens.revokeOf(clientId),
    revokeTokens: () => portal.tokens.revokeAll(),
    issuedTokens: () => portal.tokens.issued(),
    close: () => {
      stop.abort();
      return close(server);
    },
  };
}

function createPortal(options: SimulatorOptions, stopped: AbortSignal): Portal {
  const settings = settingsOf(options);
  const faults = new FaultPlan(settings.now);
  for (const fault of options.faults ?? []) faults.add(fault);
  return {
    settings,
    clients: new Clients(options.clients ?? [DEMO_CLIENT]),
    tokens: new Tokens(),
    orders: new OrderBook(settings),
    faults,
    journal: [],
    stopped,
  };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // An error here only says that it was closed already.
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
