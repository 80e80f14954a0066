import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { encryptPayload } from '../../src/codec/encrypted-payload.js';
import { EncryptionCodec, PayloadCodecError } from '../../src/codec/index.js';
import { aRing } from '../helpers/keys.js';

// The vectors that codecs in other languages are held against: examples/codec-vectors.json.

const KEYS = ['2026-11', '2025-11'].map((id, ring) => ({
  id,
  key: Buffer.from(Array.from({ length: 32 }, (_, index) => ring * 32 + index)).toString('base64'),
}));

const PAYLOADS: readonly (readonly [name: string, keyId: string, payload: Payload])[] = [
  [
    'a JSON object',
    '2026-11',
    defaultPayloadConverter.toPayload({ companyName: 'Exämple GmbH', quantity: 10 }),
  ],
  ['bytes', '2026-11', defaultPayloadConverter.toPayload(new Uint8Array([0, 1, 2, 253, 254, 255]))],
  ['null', '2026-11', defaultPayloadConverter.toPayload(null)],
  ['nothing', '2026-11', defaultPayloadConverter.toPayload(undefined)],
  ['a payload without metadata', '2026-11', { metadata: {}, data: Buffer.from('bare') }],
  ['long JSON, compressed', '2026-11', defaultPayloadConverter.toPayload('Example GmbH, '.repeat(200))],
  ['JSON under the second key', '2025-11', defaultPayloadConverter.toPayload(['old', 'but', 'readable'])],
];

const keys = aRing(...KEYS);

interface Written {
  readonly metadata: Readonly<Record<string, string>>;
  readonly data: string;
}

/** As protobuf's JSON has a payload: bytes in base64. */
function written({ metadata, data }: Payload): Written {
  const fields = Object.entries(metadata ?? {}).toSorted(([one], [other]) => one.localeCompare(other));
  return {
    metadata: Object.fromEntries(fields.map(([name, bytes]) => [name, base64(bytes)])),
    data: base64(data ?? new Uint8Array()),
  };
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

function keyOf(id: string) {
  const key = keys.get(id);
  if (key === undefined) throw new Error(`no key ${id}`);
  return key;
}

/** Each with its own nonce: 12 times the same byte. */
const vectors = await Promise.all(
  PAYLOADS.map(async ([name, keyId, payload], index) => ({
    name,
    encoded: await encryptPayload(payload, keyOf(keyId), Buffer.alloc(12, index + 1)),
    decoded: payload,
  })),
);

/** What a codec must refuse. */
const REFUSED = vectors.slice(0, 1).flatMap(({ encoded }) => {
  const data = Buffer.from(encoded.data ?? []);
  const changed = Buffer.from(data);
  changed.writeUInt8(changed.readUInt8(20) ^ 1, 20);
  return [
    { name: 'a changed byte', encoded: { ...encoded, data: changed } },
    { name: 'cut off', encoded: { ...encoded, data: data.subarray(0, 20) } },
    {
      name: 'compression that was not there',
      encoded: { metadata: { ...encoded.metadata, compression: Buffer.from('deflate') }, data },
    },
    {
      name: 'an unknown key',
      encoded: { metadata: { ...encoded.metadata, 'encryption-key-id': Buffer.from('2024-11') }, data },
    },
    {
      name: 'another cipher',
      encoded: { metadata: { ...encoded.metadata, 'encryption-cipher': Buffer.from('AES-128-GCM') }, data },
    },
  ];
});

describe('the test vectors', () => {
  it('are what this codec writes', async () => {
    const file = {
      note: 'Held against by codecs in any language. "payloads": decoding "encoded" gives "decoded". "refused": decoding fails. Bytes are base64.',
      keyRing: { keys: KEYS },
      payloads: vectors.map(({ name, encoded, decoded }) => ({
        name,
        encoded: written(encoded),
        decoded: written(decoded),
      })),
      refused: REFUSED.map(({ name, encoded }) => ({ name, encoded: written(encoded) })),
    };
    await expect(`${JSON.stringify(file, undefined, 2)}\n`).toMatchFileSnapshot(
      '../../examples/codec-vectors.json',
    );
  });

  const codec = new EncryptionCodec(keys);

  it.each(vectors)('decode: $name', async ({ encoded, decoded }) => {
    const back = await codec.decode([encoded]);
    expect(back.map(written)).toEqual([written(decoded)]);
  });

  it.each(REFUSED)('are refused: $name', async ({ encoded }) => {
    await expect(codec.decode([encoded])).rejects.toThrow(PayloadCodecError);
  });
});
