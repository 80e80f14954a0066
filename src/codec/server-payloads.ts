import type { Payload } from '@temporalio/common';
import { z } from 'zod';
import { Refusal } from './server-refusal.js';

/** A page of a history in the Web UI has far fewer. */
const MOST_PAYLOADS = 1_000;

/** Bytes as protobuf's JSON has them. */
const bytes = z.string().regex(/^[A-Za-z0-9+/_-]*={0,2}$/);

const payloadSchema = z.object({
  metadata: z.record(z.string(), bytes).nullish(),
  data: bytes.nullish(),
});

const payloadsSchema = z.object({ payloads: z.array(payloadSchema).nullish() });

/**
 * The payloads in a request: `temporal.api.common.v1.Payloads` as protobuf's JSON.
 *
 * @throws Refusal
 */
export function readPayloads(json: string): Payload[] {
  const body = parsed(json);
  refuseTooMany(body);
  const read = payloadsSchema.safeParse(body);
  if (!read.success)
    throw new Refusal(400, 'bad-body', 'the body must be {"payloads": […]}, payloads as JSON');
  return (read.data.payloads ?? []).map(({ metadata, data }) => ({
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, text]) => [name, Buffer.from(text, 'base64')]),
    ),
    data: Buffer.from(data ?? '', 'base64'),
  }));
}

/** Millions of tiny payloads fit into a body: they are counted before each of them is looked at. */
function refuseTooMany(body: unknown): void {
  if (typeof body !== 'object' || body === null || !('payloads' in body)) return;
  if (Array.isArray(body.payloads) && body.payloads.length > MOST_PAYLOADS)
    throw new Refusal(413, 'too-many', `at most ${MOST_PAYLOADS} payloads at once`);
}

/** Payloads as a response has them. */
export function writePayloads(payloads: readonly Payload[]): object {
  return {
    payloads: payloads.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(
        Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
      ),
      data: Buffer.from(data ?? []).toString('base64'),
    })),
  };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
