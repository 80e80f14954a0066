import { isIPv4 } from 'node:net';

/** `host` or `host:port`, the host being a name, an IPv4 address, or an IPv6 address in brackets. */
const ADDRESS = /^(?<host>\[[^\]]+\]|[^:]+)(?::\d+)?$/;

/**
 * Whether a gRPC address, `host` or `host:port`, is this machine's own: `localhost`, 127.0.0.0/8 or `[::1]`.
 * Anything that reads otherwise counts as remote.
 */
export function isLoopback(address: string): boolean {
  const host = ADDRESS.exec(address)?.groups?.['host']?.toLowerCase() ?? '';
  return host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}

/** Options of `Connection` that are about the way to a server. */
export interface WayOptions {
  readonly channelArgs?: { readonly 'grpc.enable_http_proxy': 0 };
}

/**
 * What makes a `Connection` go straight to a server on this machine, and leave others as they are.
 * gRPC for Node sends also what is for 127.0.0.1 to the proxy that `http_proxy` names, and in clear.
 * (`NativeConnection` uses no proxy unless told to.)
 */
export function straightIfLoopback(address: string): WayOptions {
  return isLoopback(address) ? { channelArgs: { 'grpc.enable_http_proxy': 0 } } : {};
}
