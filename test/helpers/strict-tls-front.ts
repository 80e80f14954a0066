import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Certificate } from './certificates.js';

/** A server that ends the handshake with clients it does not trust, as Temporal's own does; nginx answers them 400. */
export async function startStrictTlsFront(
  target: string,
  server: Certificate,
  clientCa: string,
): Promise<{ readonly address: string; readonly close: () => Promise<void> }> {
  const [host = '', port = ''] = target.split(':');
  const options = {
    cert: await readFile(server.cert),
    key: await readFile(server.key),
    ca: await readFile(clientCa),
    requestCert: true,
    rejectUnauthorized: true,
    ALPNProtocols: ['h2'],
  };
  const open = new Set<TLSSocket>();
  const front = createServer(options, (near) => {
    open.add(near);
    const far = connect({ host, port: Number(port) });
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    front.once('error', reject);
    front.listen(0, '127.0.0.1', resolve);
  });
  const bound = front.address();
  if (typeof bound !== 'object' || bound === null) throw new Error('the server has no port');
  return {
    address: `127.0.0.1:${bound.port}`,
    close: () =>
      new Promise((resolve) => {
        front.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
