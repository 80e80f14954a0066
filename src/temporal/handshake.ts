import { connect as connectPlain } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { TLSConfig } from '@temporalio/client';

/** How long one look at a server may take, in milliseconds. */
const LOOK_MS = 3_000;

/** What a handshake came to: it went well, the server closed after it, an error in it, or nobody is there. */
export type Handshake = 'well' | 'hung up' | 'nobody' | { readonly code: string; readonly message: string };

/** Shakes hands as a client of Temporal does, and sends nothing of ours. Never rejects. */
export function shakeHands(address: string, tls: TLSConfig): Promise<Handshake> {
  const { serverRootCACertificate: ca, clientCertPair: pair, serverNameOverride } = tls;
  const options: ConnectionOptions = {
    ...endOf(address),
    servername: serverNameOverride ?? serverName(hostOf(address)),
    ALPNProtocols: ['h2'],
    ...(ca && { ca: Buffer.from(ca) }),
    ...(pair && { cert: Buffer.from(pair.crt), key: Buffer.from(pair.key) }),
  };
  return new Promise((resolve) => {
    const socket = connectTls(options);
    let isSecure = false;
    const end = (handshake: Handshake) => {
      socket.destroy();
      resolve(handshake);
    };
    socket.setTimeout(LOOK_MS, () => end(isSecure ? 'well' : 'nobody'));
    socket.once('secureConnect', () => {
      isSecure = true;
      // With TLS 1.3 a server refuses a client's certificate only now. HTTP/2 speaks first.
      socket.write(PREFACE);
    });
    socket.once('data', () => end('well'));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? '';
      if (isSecure && code === 'ECONNRESET') return end('hung up');
      return end(NOBODY.has(code) && !isSecure ? 'nobody' : { code, message: error.message });
    });
    socket.once('close', () => end('hung up'));
  });
}

/** What every HTTP/2 client sends first (RFC 9113), with empty settings. */
const PREFACE = Buffer.from('505249202a20485454502f322e300d0a0d0a534d0d0a0d0a000000040000000000', 'hex');
const NOBODY = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
]);

/** Whether anybody takes a connection there. */
export function isListening(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectPlain(endOf(address));
    const end = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.setTimeout(LOOK_MS, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

function endOf(address: string): { readonly host: string; readonly port: number } {
  const port = /:(\d+)$/.exec(address)?.[1];
  return { host: hostOf(address), port: Number(port ?? 7233) };
}

/** The host of `host:port`. */
export function hostOf(address: string): string {
  return address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

/** An IP address is no name that may be sent. */
function serverName(host: string): string {
  return /^[\d.]+$|:/.test(host) ? '' : host;
}
