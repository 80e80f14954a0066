import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import { PayloadTooLargeError } from './errors.js';

const deflateBytes = promisify(deflate);
const inflateBytes = promisify(inflate);

/** Smaller ones gain next to nothing, in bytes. */
const LEAST_BYTES = 256;

/** Twice what a Temporal server takes by default: more can only be meant to fill a reader's memory. In bytes. */
export const MOST_BYTES = 4 * 1024 * 1024;

/** The bytes in zlib's format (RFC 1950); `undefined` when that gains nothing. */
export async function compressed(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  // One that is too large stays as it is: Temporal refuses it, where a reader could only refuse to inflate it.
  if (bytes.length < LEAST_BYTES || bytes.length > MOST_BYTES) return undefined;
  const smaller = await deflateBytes(bytes);
  return smaller.length < bytes.length ? smaller : undefined;
}

/** @throws PayloadTooLargeError before more than `MOST_BYTES` are inflated. zlib's own error for what is none of it. */
export async function inflated(bytes: Uint8Array): Promise<Uint8Array> {
  try {
    return await inflateBytes(bytes, { maxOutputLength: MOST_BYTES });
  } catch (error) {
    const isTooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    throw isTooLarge ? new PayloadTooLargeError(MOST_BYTES) : error;
  }
}
