import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream/promises';

/** An order is a few kilobytes. */
const MAX_BODY_BYTES = 1_048_576;

/**
 * The body of a request, or `undefined` when it is too large: the rest is then read and forgotten, so that
 * the caller hears the answer instead of losing the connection half-way.
 */
export async function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  });
  await finished(incoming);
  return bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks).toString('utf8');
}
