import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './answer.js';

/** The ways in which a body can arrive; the status and the other headers are the answer's own. */
export const DAMAGED_BODIES = [
  /** No byte, and a Content-Length that says so. */
  'empty',
  /** Half of the bytes that Content-Length announces; then the socket is destroyed. */
  'truncated',
  /** Good JSON behind megabytes of white space, of a length that no header announces. */
  'oversized',
  /** White space, byte by byte for ten minutes, which no time-out between bytes notices; then the body. */
  'trickled',
  /** A web page, as a proxy or a maintenance page would be. */
  'html',
  /** As it should be, but called `text/html`. */
  'mislabelled',
] as const;

export type DamagedBody = (typeof DAMAGED_BODIES)[number];

interface Delivery {
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks: Iterable<string | Buffer> | AsyncIterable<string>;
}

const OVERSIZE_CHUNKS = 128;
const OVERSIZE_CHUNK = ' '.repeat(65_536);

const TRICKLE_INTERVAL_MS = 100;
const TRICKLE_BYTES = 6_000;

const HTML = { 'content-type': 'text/html' };
const PAGE = '<!doctype html><html><body><h1>We will be back soon</h1></body></html>';

const DELIVERIES: Readonly<Record<DamagedBody, (answer: Answer) => Delivery>> = {
  empty: ({ headers }) => ({ headers: { ...headers, 'content-length': '0' }, chunks: [] }),
  truncated: ({ headers, text }) => {
    const bytes = Buffer.from(text);
    return {
      headers: { ...headers, 'content-length': String(bytes.length) },
      chunks: [bytes.subarray(0, bytes.length / 2)],
    };
  },
  oversized: ({ headers, text }) => ({ headers, chunks: oversized(text) }),
  trickled: ({ headers, text }) => ({ headers, chunks: trickled(text) }),
  html: ({ headers }) => ({ headers: { ...headers, ...HTML }, chunks: [PAGE] }),
  mislabelled: ({ headers, text }) => ({ headers: { ...headers, ...HTML }, chunks: [text] }),
};

/** Sends an answer whose body arrives damaged; settles when it is sent or the caller has hung up. */
export async function sendDamaged(
  outgoing: ServerResponse,
  answer: Answer,
  body: DamagedBody,
): Promise<void> {
  const { headers, chunks } = DELIVERIES[body](answer);
  const isWhole = body !== 'truncated';
  outgoing.writeHead(answer.status, headers);
  // It rejects when the caller hangs up midway, as one with a limit should.
  await pipeline(chunks, outgoing, { end: isWhole }).catch(() => undefined);
  // Only after the half is written: a socket that is destroyed at once forgets what waits in it.
  if (!isWhole) outgoing.socket?.destroySoon();
}

/** JSON may begin with white space, so that a reader has it only with the last byte. */
function* oversized(text: string): Generator<string> {
  for (let chunk = 0; chunk < OVERSIZE_CHUNKS; chunk += 1) yield OVERSIZE_CHUNK;
  yield text;
}

async function* trickled(text: string): AsyncGenerator<string> {
  for (let byte = 0; byte < TRICKLE_BYTES; byte += 1) {
    yield ' ';
    await sleep(TRICKLE_INTERVAL_MS);
  }
  yield text;
}
