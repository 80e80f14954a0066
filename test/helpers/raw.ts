import type { Payload, PayloadCodec } from '@temporalio/common';

/** All texts in an answer of the Temporal server as it came over the wire, bytes read as text. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value, Buffer.from(value, 'base64').toString('utf8')];
  if (typeof value === 'number') return [String(value)];
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value);
    return [bytes.toString('utf8'), bytes.toString('utf16le'), bytes.toString('base64')];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => [name, ...textsIn(part)]);
}

/** Which of the words stand anywhere in an answer. */
export function foundIn(value: unknown, words: readonly string[]): string[] {
  const text = textsIn(value).join('\n').toLowerCase();
  return words.filter((word) => text.includes(word.toLowerCase()));
}

/** Every payload in an answer, with the path to it; lists are left out of the path. */
function payloadsIn(value: unknown, path = ''): { readonly path: string; readonly payload: Payload }[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  if (isPayload(value)) return [{ path, payload: value }];
  return Object.entries(value).flatMap(([name, part]) =>
    payloadsIn(part, Array.isArray(value) ? path : `${path}.${name}`),
  );
}

function isPayload(value: object): value is Payload {
  const metadata: unknown = Reflect.get(value, 'metadata');
  return (
    typeof metadata === 'object' &&
    metadata !== null &&
    Reflect.get(metadata, 'encoding') instanceof Uint8Array
  );
}

/** What stands in the payloads of an answer for who has the codec. */
export async function decodedIn(value: unknown, codec: PayloadCodec): Promise<string> {
  const decoded = await codec.decode(payloadsIn(value).map(({ payload }) => payload));
  return decoded.map(({ data }) => Buffer.from(data ?? []).toString('utf8')).join('\n');
}

/** The names of the payloads that anyone can read. */
export function readableIn(value: unknown): string[] {
  const readable = payloadsIn(value).filter(
    ({ payload }) => Buffer.from(payload.metadata?.['encoding'] ?? []).toString() !== 'binary/encrypted',
  );
  return [...new Set(readable.map(({ path }) => path))].toSorted();
}
