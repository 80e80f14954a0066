import { createServer, type Server, type ServerOptions } from 'node:http';
import { getRequestListener } from '@hono/node-server';

type Answer = Parameters<typeof getRequestListener>[0];

/** A server that does not listen yet. The global Request and Response stay Node's own: others use them too. */
export function createHttpServer(answer: Answer, options: ServerOptions): Server {
  const listener = getRequestListener(answer, { overrideGlobalObjects: false });
  return createServer(options, (incoming, outgoing) => {
    void listener(incoming, outgoing);
  });
}

/**
 * The port a server listens on.
 *
 * @throws Node's own error when it cannot listen.
 */
export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
      else reject(new Error('the server has no port'));
    });
  });
}
