import { connect, createServer, type Socket } from 'node:net';

/** Passes bytes on to a server on this machine, and keeps those that its clients sent. */
export interface RecordingRelay {
  /** `host:port`. */
  readonly address: string;
  readonly sent: () => Buffer;
  readonly close: () => Promise<void>;
}

export async function startRecordingRelay(target: string): Promise<RecordingRelay> {
  const chunks: Buffer[] = [];
  const sockets = new Set<Socket>();
  const [host = '', port = ''] = target.split(':');
  const server = createServer((near) => {
    const far = connect({ host, port: Number(port) });
    near.on('data', (chunk: Buffer) => chunks.push(chunk));
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        near.destroy();
        far.destroy();
      });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) throw new Error('the relay has no port');
  return {
    address: `127.0.0.1:${bound.port}`,
    sent: () => Buffer.concat(chunks),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
