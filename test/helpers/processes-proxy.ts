import {
  createServer,
  request,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import { text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';

/**
 * Passes calls on to a portal. It keeps the secrets in them, so that a test can search for them elsewhere, and
 * holds calls, so that a test can act while one is under way.
 */
export interface PortalProxy {
  readonly url: string;
  /** Bearer tokens, as they came in `Authorization` headers. */
  readonly tokens: ReadonlySet<string>;
  /** The next POST to a path that ends so is answered with all that it sent, as no portal should. */
  echo(pathEnd: string, status: number): void;
  /** Holds the next such call that comes. */
  hold(what: CallToHold): HeldCall;
  close(): Promise<void>;
}

export interface CallToHold {
  readonly method: 'GET' | 'POST';
  /** The external subscription ID it is about, or the last part of its path. */
  readonly about: string;
  /** Whether the portal has not heard of it yet, or has answered it. */
  readonly until: 'asked' | 'answered';
}

export interface HeldCall {
  /** Settles when the call is held. */
  readonly held: Promise<void>;
  /** Lets it go on, even when its caller is gone. Settles when the caller's machine has the answer, or is gone. */
  release(): Promise<void>;
}

/** A held call, as the proxy sees it. */
interface Hold {
  readonly what: CallToHold;
  /** Holds it here until it is released. */
  readonly pass: () => Promise<void>;
  readonly done: () => void;
}

interface PortalAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
}

/** Longer than a client keeps an idle connection: a lost one is to be a fault that a test asked for. */
const KEEP_ALIVE_MS = 600_000;

/** Starts a proxy on loopback in front of a portal. */
export async function startPortalProxy(portalUrl: string): Promise<PortalProxy> {
  const tokens = new Set<string>();
  const echoes = new Map<string, number>();
  const holds = new Set<Hold>();

  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { authorization = '' } = incoming.headers;
    if (authorization.startsWith('Bearer ')) tokens.add(authorization.slice('Bearer '.length));
    const url = new URL(incoming.url ?? '/', portalUrl);
    const body = await text(incoming);
    const pathEnd = [...echoes.keys()].find((end) => url.pathname.endsWith(end));
    if (pathEnd !== undefined && incoming.method === 'POST') {
      const status = echoes.get(pathEnd) ?? 500;
      echoes.delete(pathEnd);
      return echo(status, authorization, body, outgoing);
    }
    const hold = [...holds].find(({ what }) => isAbout(what, incoming.method, url.pathname, body));
    if (hold !== undefined) holds.delete(hold);
    try {
      if (hold?.what.until === 'asked') await hold.pass();
      const answered = await ask(url, incoming, body);
      if (hold?.what.until === 'answered') await hold.pass();
      outgoing.writeHead(answered.status, answered.headers);
      outgoing.end(answered.body);
      // Its caller may be gone.
      await finished(outgoing).catch(() => undefined);
    } finally {
      hold?.done();
    }
  };

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (incoming, outgoing) => {
    // The portal dropped the call: so does the proxy.
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  });
  return {
    url: `http://127.0.0.1:${await listen(server)}`,
    tokens,
    echo: (pathEnd, status) => void echoes.set(pathEnd, status),
    hold: (what) => {
      const arrival = signal();
      const leave = signal();
      const end = signal();
      holds.add({
        what,
        pass: async () => {
          arrival.give();
          await leave.given;
        },
        done: end.give,
      });
      return {
        held: arrival.given,
        release: async () => {
          leave.give();
          await end.given;
        },
      };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
      else reject(new Error('the proxy has no port'));
    });
  });
}

function isAbout(what: CallToHold, method: string | undefined, path: string, body: string): boolean {
  return method === what.method && (path.endsWith(`/${what.about}`) || body.includes(`"${what.about}"`));
}

/** Asks the portal, even when the caller is killed meanwhile. */
function ask(url: URL, { method = 'GET', headers }: IncomingMessage, body: string): Promise<PortalAnswer> {
  return new Promise((resolve, reject) => {
    const onward = request(url, { method, headers, agent: false }, (answer) => {
      text(answer).then(
        (answered) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: answered }),
        reject,
      );
    });
    onward.once('error', reject);
    onward.end(body);
  });
}

function echo(status: number, authorization: string, body: string, outgoing: ServerResponse): void {
  const message = `you sent ${authorization || 'no header'} and ${body}`;
  outgoing.writeHead(status, { 'content-type': 'application/json' });
  outgoing.end(JSON.stringify({ error: 'invalid_client', error_description: message, message }));
}

/** Something that is waited for in one place and happens in another. */
function signal(): { readonly given: Promise<void>; readonly give: () => void } {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}
