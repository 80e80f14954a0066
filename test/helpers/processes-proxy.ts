import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';

/** Passes calls on to a portal, and keeps the secrets in them, so that a test can search for them elsewhere. */
export interface RecordingProxy {
  readonly url: string;
  /** Bearer tokens, as they came in `Authorization` headers. */
  readonly tokens: ReadonlySet<string>;
  /** The next POST to a path that ends so is answered with all that it sent, as no portal should. */
  echo(pathEnd: string, status: number): void;
  close(): Promise<void>;
}

/** Starts a proxy on loopback in front of a portal. */
export async function startRecordingProxy(portalUrl: string): Promise<RecordingProxy> {
  const tokens = new Set<string>();
  const echoes = new Map<string, number>();
  const server = createServer((incoming, outgoing) => {
    const { authorization = '' } = incoming.headers;
    if (authorization.startsWith('Bearer ')) tokens.add(authorization.slice('Bearer '.length));
    const url = new URL(incoming.url ?? '/', portalUrl);
    const pathEnd = [...echoes.keys()].find((end) => url.pathname.endsWith(end));
    if (pathEnd === undefined || incoming.method !== 'POST') return forward(url, incoming, outgoing);
    const status = echoes.get(pathEnd) ?? 500;
    echoes.delete(pathEnd);
    void echo(status, incoming, outgoing);
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
      else reject(new Error('the proxy has no port'));
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    tokens,
    echo: (pathEnd, status) => void echoes.set(pathEnd, status),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A call that was begun reaches the portal, even when its caller is killed meanwhile. */
function forward(url: URL, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method = 'GET', headers } = incoming;
  const onward = request(url, { method, headers, agent: false }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.once('error', () => outgoing.destroy());
  outgoing.once('error', () => outgoing.destroy());
  incoming.pipe(onward);
}

async function echo(status: number, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of incoming.setEncoding('utf8')) body += String(chunk);
  const message = `you sent ${incoming.headers.authorization ?? 'no header'} and ${body}`;
  outgoing.writeHead(status, { 'content-type': 'application/json' });
  outgoing.end(JSON.stringify({ error: 'invalid_client', error_description: message, message }));
}
