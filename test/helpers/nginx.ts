import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../src/temporal/ports.js';
import type { Certificate } from './certificates.js';
import { eventually } from './eventually.js';

/** Where Debian has it; it is on nobody's PATH but root's. */
const NGINX = ['/usr/sbin/nginx', '/usr/bin/nginx', '/opt/homebrew/bin/nginx'].find((path) =>
  existsSync(path),
);

/** Whether Debian's package `nginx-light` is there. Where everything is checked, it must be. */
export const HAS_NGINX = NGINX !== undefined;
if (!HAS_NGINX && process.env['CI']) throw new Error('nginx is not there: apt-get install nginx-light');

export interface NginxOptions {
  /** Where Temporal is, `host:port`, without TLS. */
  readonly target: string;
  readonly server: Certificate;
  /** Demands client certificates of this authority (a file). */
  readonly clientCa?: string;
  /** Demands this API key, as Temporal Cloud does. */
  readonly apiKey?: string;
}

/** A real nginx on loopback that ends TLS in front of a Temporal server. */
export interface Nginx {
  readonly port: number;
  /** `host:port`. */
  readonly address: string;
  /** The calls it passed on or refused: protocol, whether the client was verified, path. */
  readonly accessLog: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

export async function startNginx(options: NginxOptions): Promise<Nginx> {
  if (NGINX === undefined) throw new Error('nginx is not there: apt-get install nginx-light');
  const folder = await mkdtemp(join(tmpdir(), 'marketplace-nginx-'));
  const [port = 0] = await freePorts([0]);
  const path = join(folder, 'nginx.conf');
  await writeFile(path, configuration(folder, port, options));
  const child = spawn(NGINX, ['-p', folder, '-c', path, '-e', join(folder, 'error.log')], {
    stdio: 'ignore',
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(await readFile(join(folder, 'error.log'), 'utf8'));
    return (await isListening(port)) || undefined;
  });
  return {
    port,
    address: `127.0.0.1:${port}`,
    accessLog: () => readFile(join(folder, 'access.log'), 'utf8'),
    stop: async () => {
      process.off('exit', kill);
      kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configuration(folder: string, port: number, options: NginxOptions): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const { clientCa, apiKey, server, target } = options;
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log info;
events {}
http {
  log_format calls '$ssl_protocol $ssl_client_verify $status $request_uri';
  access_log ${folder}/access.log calls;
  ${temporary.join('\n  ')}
  server {
    listen 127.0.0.1:${port} ssl http2;
    ssl_certificate ${server.cert};
    ssl_certificate_key ${server.key};
    ${clientCa === undefined ? '' : `ssl_client_certificate ${clientCa};\n    ssl_verify_client on;`}
    # A worker's polls wait for a minute or more.
    client_body_timeout 5m;
    grpc_read_timeout 5m;
    grpc_send_timeout 5m;
    client_max_body_size 0;
    location / {
      ${apiKey === undefined ? '' : `if ($http_authorization != "Bearer ${apiKey}") { return 401; }`}
      grpc_pass grpc://${target};
    }
    error_page 401 = @unauthenticated;
    location @unauthenticated {
      default_type application/grpc;
      add_header grpc-status 16 always;
      add_header grpc-message "Request unauthorized." always;
      return 200 "";
    }
  }
}
`;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
