import type { Server } from 'node:http';
import { createHttpServer, listen } from '../http-server.js';
import { EncryptionCodec } from './encryption-codec.js';
import { createCodecApp } from './server-app.js';
import { createAudit, type Audit } from './server-audit.js';
import { authenticator } from './server-auth.js';
import type { CodecServerConfig } from './server-config.js';
import { RateLimit, type Rate } from './server-rate.js';

/** A running codec server. */
export interface CodecServer {
  /** Such as `http://127.0.0.1:8081`, without a slash at the end. */
  readonly url: string;
  /** Takes no more requests, and settles when those under way are answered. */
  close(): Promise<void>;
}

export interface CodecServerOptions {
  /** @default a line of JSON a request, to standard error */
  readonly audit?: Audit;
  /** @default enough for a person who opens long histories */
  readonly rate?: Rate;
}

/** The Web UI asks once for each event that it shows, many at a time. */
const RATE: Rate = { burst: 1_000, perSecond: 50 };

/** How long a request may take to come in, in milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * Starts a codec server: Temporal's Web UI and CLI send it payloads, and who may read gets them in clear.
 *
 * @throws Node's own error when it cannot listen.
 */
export async function startCodecServer(
  config: CodecServerConfig,
  { audit = createAudit(), rate = RATE }: CodecServerOptions = {},
): Promise<CodecServer> {
  const app = createCodecApp({
    codec: new EncryptionCodec(config.keys),
    authenticate: authenticator(config.auth),
    rateLimit: new RateLimit(rate),
    audit,
    namespaces: config.namespaces,
    uiOrigins: config.uiOrigins,
  });
  const server = createHttpServer((request, env) => app.fetch(request, env), {
    requestTimeout: REQUEST_TIMEOUT_MS,
  });
  const port = await listen(server, config.port, config.host);
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return { url: `http://${host}:${port}`, close: () => close(server) };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
