import { deflateSync } from 'node:zlib';
import { defaultPayloadConverter, type Payload, type PayloadCodec } from '@temporalio/common';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seal } from '../../src/codec/aes-gcm.js';
import { MOST_BYTES } from '../../src/codec/compression.js';
import { keyIdIn } from '../../src/codec/encrypted-payload.js';
import { KeylessCodec } from '../../src/codec/encryption-codec.js';
import {
  DamagedPayloadError,
  EncryptionCodec,
  KeysMissingError,
  PayloadTooLargeError,
  UnknownKeyError,
  UnsupportedEncryptionError,
} from '../../src/codec/index.js';
import { rejection } from '../helpers/failures.js';
import { aKey, aRing } from '../helpers/keys.js';

const OLD = aKey('old', 1);
const NEW = aKey('new', 2);
const codec = new EncryptionCodec(aRing(OLD));

const json = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const text = (payload: Payload, field: string) =>
  payload.metadata?.[field] && Buffer.from(payload.metadata[field]).toString();

/** As plain bytes, however a library holds them. */
function plain({ metadata = {}, data }: Payload) {
  return {
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, bytes]) => [name, Buffer.from(bytes).toString('hex')]),
    ),
    data: Buffer.from(data ?? []).toString('hex'),
  };
}

async function encrypted(payload: Payload, by = codec): Promise<Payload> {
  const [first] = await by.encode([payload]);
  if (first === undefined) throw new Error('no payload came back');
  return first;
}

const decoding = (payload: Payload, by: PayloadCodec = codec) => rejection(by.decode([payload]));

const anyPayload: fc.Arbitrary<Payload> = fc.record({
  metadata: fc.dictionary(
    fc.string({ minLength: 1, maxLength: 20 }).filter((name) => name !== '__proto__'),
    fc.uint8Array({ maxLength: 40 }),
  ),
  data: fc.oneof(
    fc.uint8Array({ maxLength: 2_000 }),
    fc.integer({ min: 0, max: 100_000 }).map((length) => new Uint8Array(length)),
  ),
});

describe('an encrypted payload', () => {
  it('comes back as it was, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyPayload, { maxLength: 4 }), async (payloads) => {
        const back = await codec.decode(await codec.encode(payloads));
        expect(back.map(plain)).toEqual(payloads.map(plain));
      }),
    );
  });

  it('says how it is encrypted, and nothing else', async () => {
    const payload = await encrypted(json('Ada Lovelace'));
    expect(Object.keys(payload.metadata ?? {}).toSorted()).toEqual([
      'encoding',
      'encryption-cipher',
      'encryption-key-id',
    ]);
    expect(text(payload, 'encoding')).toBe('binary/encrypted');
    expect(text(payload, 'encryption-cipher')).toBe('AES-256-GCM');
    expect(text(payload, 'encryption-key-id')).toBe('old');
    expect(Buffer.from(payload.data ?? []).toString('latin1')).not.toMatch(/Ada|json/);
  });

  it('is another one each time', async () => {
    const nonces = new Set<string>();
    for (let count = 0; count < 200; count += 1) {
      const { data } = await encrypted(json(null));
      nonces.add(Buffer.from(data ?? []).toString('hex', 0, 12));
    }
    expect(nonces.size).toBe(200);
  });

  it('is compressed where that makes it smaller', async () => {
    const long = await encrypted(json('a'.repeat(10_000)));
    expect(text(long, 'compression')).toBe('deflate');
    expect(long.data?.length).toBeLessThan(500);
    const random = crypto.getRandomValues(new Uint8Array(10_000));
    expect(text(await encrypted(json(random)), 'compression')).toBeUndefined();
    expect(text(await encrypted(json('a'.repeat(100))), 'compression')).toBeUndefined();
  });

  it('is not compressed when it is so large that it could not be read back', async () => {
    const large = json('a'.repeat(MOST_BYTES));
    const payload = await encrypted(large);
    expect(text(payload, 'compression')).toBeUndefined();
    expect((await codec.decode([payload])).map(plain)).toEqual([plain(large)]);
  });

  it('is not encrypted twice', async () => {
    const once = await codec.encode([json('x')]);
    expect(await new EncryptionCodec(aRing(NEW)).encode(once)).toEqual(once);
  });
});

describe('a payload that is not encrypted', () => {
  it('passes decoding as it is', async () => {
    const payloads = [
      json('x'),
      json(undefined),
      json(new Uint8Array([1])),
      { metadata: {}, data: null },
      {},
    ];
    const decoded = await codec.decode(payloads);
    expect(decoded).toHaveLength(payloads.length);
    for (const [index, payload] of decoded.entries()) expect(payload).toBe(payloads[index]);
  });
});

describe('after a rotation', () => {
  const rotated = new EncryptionCodec(aRing(NEW, OLD));

  it('the new first key encrypts, and the old one still decrypts', async () => {
    const before = await encrypted(json('then'));
    const after = await encrypted(json('now'), rotated);
    expect([before, after].map(keyIdIn)).toEqual(['old', 'new']);
    const back = await rotated.decode([before, after]);
    expect(back.map((payload) => defaultPayloadConverter.fromPayload(payload))).toEqual(['then', 'now']);
  });

  it('who has only the old key is told which one is missing', async () => {
    const error = await decoding(await encrypted(json('now'), rotated));
    expect(error).toBeInstanceOf(UnknownKeyError);
    expect(error).toMatchObject({ keyId: 'new', message: expect.stringContaining('"new"') });
  });

  it('the first two keys may also be the other way round', async () => {
    const swapped = new EncryptionCodec(aRing(OLD, NEW));
    expect(await swapped.decode(await rotated.encode([json('x')]))).toHaveLength(1);
    expect(keyIdIn(await encrypted(json('x'), swapped))).toBe('old');
  });
});

describe('a payload that was tampered with', () => {
  const changedAt = ({ metadata, data }: Payload, at: number): Payload => {
    const bytes = Buffer.from(data ?? []);
    bytes.writeUInt8((bytes.readUInt8(at) + 1) % 256, at);
    return { ...(metadata && { metadata }), data: bytes };
  };
  const withField = ({ metadata, data }: Payload, field: string, value: string | undefined): Payload => {
    const { [field]: _old, ...rest } = metadata ?? {};
    return {
      metadata: value === undefined ? rest : { ...rest, [field]: Buffer.from(value) },
      ...(data && { data }),
    };
  };

  it.each(['short', 'long'.repeat(500)])('in any of its bytes is refused (%#)', async (value) => {
    const payload = await encrypted(json(value));
    const length = payload.data?.length ?? 0;
    // Of the nonce, the ciphertext and the tag, every single one.
    for (let at = 0; at < length; at += 1) {
      expect(await decoding(changedAt(payload, at))).toBeInstanceOf(DamagedPayloadError);
    }
  });

  it('by cutting bytes off, or adding some, is refused', async () => {
    const { metadata, data } = await encrypted(json('x'));
    const bytes = Buffer.from(data ?? []);
    for (let length = 0; length < bytes.length; length += 1) {
      const cut = { ...(metadata && { metadata }), data: bytes.subarray(0, length) };
      expect(await decoding(cut)).toBeInstanceOf(DamagedPayloadError);
    }
    const more = { ...(metadata && { metadata }), data: Buffer.concat([bytes, bytes]) };
    expect(await decoding(more)).toBeInstanceOf(DamagedPayloadError);
    expect(await decoding({ ...(metadata && { metadata }) })).toBeInstanceOf(DamagedPayloadError);
  });

  it('in its metadata is refused', async () => {
    const small = await encrypted(json('x'));
    const large = await encrypted(json('x'.repeat(1_000)));
    expect(await decoding(withField(small, 'compression', 'deflate'))).toBeInstanceOf(DamagedPayloadError);
    expect(await decoding(withField(large, 'compression', undefined))).toBeInstanceOf(DamagedPayloadError);
    expect(await decoding(withField(small, 'compression', 'none'))).toBeInstanceOf(
      UnsupportedEncryptionError,
    );
    expect(await decoding(withField(small, 'compression', 'gzip'))).toBeInstanceOf(
      UnsupportedEncryptionError,
    );
    expect(await decoding(withField(small, 'encryption-cipher', 'AES-128-GCM'))).toBeInstanceOf(
      UnsupportedEncryptionError,
    );
    expect(await decoding(withField(small, 'encryption-cipher', undefined))).toBeInstanceOf(
      UnsupportedEncryptionError,
    );
    expect(await decoding(withField(small, 'encryption-key-id', undefined))).toBeInstanceOf(UnknownKeyError);
  });

  it('by naming another key, even one with the same bytes, is refused', async () => {
    const twins = new EncryptionCodec(aRing(OLD, { ...OLD, id: 'twin' }));
    const payload = withField(await encrypted(json('x')), 'encryption-key-id', 'twin');
    expect(await decoding(payload, twins)).toBeInstanceOf(DamagedPayloadError);
  });

  it('names no key ID that is none', async () => {
    const payload = withField(await encrypted(json('x')), 'encryption-key-id', '\u001B[31mred\n');
    const error = await decoding(payload);
    expect(error).toBeInstanceOf(UnknownKeyError);
    expect(error).toMatchObject({ keyId: undefined, message: expect.not.stringContaining('red') });
  });
});

describe('a payload of somebody with the key', () => {
  const secret = aRing(OLD).first.secret;
  const AAD = (compression: string) =>
    Buffer.from(
      `encoding=binary/encrypted\nencryption-cipher=AES-256-GCM\nencryption-key-id=old\ncompression=${compression}`,
    );
  const sealed = (plaintext: Uint8Array, compression?: string): Payload => ({
    metadata: {
      encoding: Buffer.from('binary/encrypted'),
      'encryption-cipher': Buffer.from('AES-256-GCM'),
      'encryption-key-id': Buffer.from('old'),
      ...(compression !== undefined && { compression: Buffer.from(compression) }),
    },
    data: seal(plaintext, AAD(compression ?? 'none'), secret, Buffer.alloc(12, 9)),
  });

  /** A serialized payload of so many bytes: field 2, its length in four bytes, zeros. */
  function payloadBytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    const size = length - 5;
    const varint = [(size & 127) | 128, ((size >> 7) & 127) | 128, ((size >> 14) & 127) | 128, size >> 21];
    bytes.set([0x12, ...varint]);
    return bytes;
  }

  it('that inflates without end is refused at the first byte too many', async () => {
    const most = deflateSync(payloadBytes(MOST_BYTES));
    expect(await codec.decode([sealed(most, 'deflate')])).toHaveLength(1);
    const bomb = deflateSync(payloadBytes(MOST_BYTES + 1));
    expect(await decoding(sealed(bomb, 'deflate'))).toBeInstanceOf(PayloadTooLargeError);
  });

  it('that is no zlib stream, or no payload, is refused', async () => {
    expect(await decoding(sealed(Buffer.from('no zlib'), 'deflate'))).toBeInstanceOf(DamagedPayloadError);
    expect(await decoding(sealed(Buffer.from([0x0a, 0xff, 0xff])))).toBeInstanceOf(DamagedPayloadError);
  });

  it('that has another key under the same ID is refused, and told of both reasons', async () => {
    const other = new EncryptionCodec(aRing({ ...NEW, id: 'old' }));
    const error = await decoding(await encrypted(json('x')), other);
    expect(error).toBeInstanceOf(DamagedPayloadError);
    expect(error).toMatchObject({ message: expect.stringMatching(/changed.*another key under that ID/s) });
  });
});

describe('without keys', () => {
  const keyless = new KeylessCodec();

  it('what is not encrypted passes as it is', async () => {
    const payloads = [json('x')];
    expect(await keyless.encode(payloads)).toBe(payloads);
    expect(await keyless.decode(payloads)).toBe(payloads);
  });

  it('what is encrypted says what is missing', async () => {
    const error = await decoding(await encrypted(json('x')), keyless);
    expect(error).toBeInstanceOf(KeysMissingError);
    expect(error).toMatchObject({ message: expect.stringContaining('MARKETPLACE_CODEC_KEYS_FILE') });
  });
});
