import type { Client } from '@temporalio/client';

export type Payloads = Parameters<
  Client['options']['loadedDataConverter']['payloadCodecs'][number]['decode']
>[0];

/** The first of some payloads as the value it was, decoded as the client decodes everything; `undefined` for none. */
export async function decodeFirst(client: Client, encoded: Payloads): Promise<unknown> {
  const { payloadConverter, payloadCodecs } = client.options.loadedDataConverter;
  let payloads = encoded;
  for (const codec of payloadCodecs.toReversed()) payloads = await codec.decode(payloads);
  const [payload] = payloads;
  return payload && payloadConverter.fromPayload(payload);
}
