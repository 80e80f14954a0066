import { lookup } from 'node:dns/promises';

/** Thrown when nothing can listen at the address that a variable names. The message names both. */
export class AddressError extends Error {
  override readonly name = 'AddressError';

  constructor(variable: string, address: string, cause: unknown) {
    super(`${variable}: nothing can listen at ${address} (${reasonOf(cause)}). Choose another address.`, {
      cause,
    });
  }
}

/** A `host:port` in its parts; an IPv6 address without its brackets. */
export function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replaceAll(/[[\]]/g, ''), port: Number(address.slice(colon + 1)) };
}

/** The same address with an IP address for its host, as Temporal's SDK wants it. */
export async function withIpAddress(address: string): Promise<string> {
  const { host, port } = hostAndPort(address);
  const ip = await lookup(host);
  return ip.family === 6 ? `[${ip.address}]:${port}` : `${ip.address}:${port}`;
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown reason';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
