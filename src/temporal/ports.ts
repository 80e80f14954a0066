import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';

/** The only address that development servers are bound to. */
export const LOOPBACK = '127.0.0.1';

/** How long to wait for an answer on loopback, in milliseconds. */
const PROBE_TIMEOUT_MS = 1_000;

/**
 * Ports that are free on loopback now, all different: each the wanted one where that is free.
 * Another process may take one before it is used, so be ready to choose again.
 *
 * @param wanted port numbers; 0 for any
 */
export async function freePorts(wanted: readonly number[]): Promise<number[]> {
  const held: Server[] = [];
  try {
    for (const port of wanted) held.push(await hold(port));
    return held.map(portOf);
  } finally {
    await Promise.all(held.map(release));
  }
}

async function hold(wanted: number): Promise<Server> {
  if (wanted !== 0 && !(await isAnswered(wanted))) {
    const server = await listen(wanted).catch(() => undefined);
    if (server !== undefined) return server;
  }
  return await listen(0);
}

/** Some systems let a port be bound on loopback although another program has it on all addresses. */
async function isAnswered(port: number): Promise<boolean> {
  const socket = connect({ host: LOOPBACK, port, timeout: PROBE_TIMEOUT_MS });
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('timeout', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer();
  server.listen({ host: LOOPBACK, port, exclusive: true });
  await once(server, 'listening');
  return server;
}

async function release(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A TCP server has no port.');
  return address.port;
}
