import { randomBytes } from 'node:crypto';
import type { Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import { NONCE_BYTES, seal, unseal } from './aes-gcm.js';
import { compressed, inflated } from './compression.js';
import {
  DamagedPayloadError,
  PayloadCodecError,
  UnknownKeyError,
  UnsupportedEncryptionError,
} from './errors.js';
import { isKeyId, type EncryptionKey, type KeyRing } from './key-ring.js';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/** The format, which docs/codec.md specifies for other languages. */
const ENCODING = 'binary/encrypted';
const CIPHER = 'AES-256-GCM';
const DEFLATE = 'deflate';
const FIELDS = {
  encoding: 'encoding',
  cipher: 'encryption-cipher',
  keyId: 'encryption-key-id',
  compression: 'compression',
} as const;

/** Whether a payload says that it is encrypted, by whomever. */
export function isEncrypted(payload: Payload): boolean {
  return textIn(payload, FIELDS.encoding) === ENCODING;
}

/** The ID of the key that an encrypted payload names, where that may be one. */
export function keyIdIn(payload: Payload): string | undefined {
  const id = textIn(payload, FIELDS.keyId);
  return id !== undefined && isKeyId(id) ? id : undefined;
}

/** @param nonce used for this payload only. */
export async function encryptPayload(
  { metadata, data }: Payload,
  { id, secret }: EncryptionKey,
  nonce: Uint8Array = randomBytes(NONCE_BYTES),
): Promise<Payload> {
  const bytes = PayloadMessage.encode({ ...(metadata && { metadata }), ...(data && { data }) }).finish();
  const smaller = await compressed(bytes);
  const compression = smaller && DEFLATE;
  return {
    metadata: {
      [FIELDS.encoding]: Buffer.from(ENCODING),
      [FIELDS.cipher]: Buffer.from(CIPHER),
      [FIELDS.keyId]: Buffer.from(id),
      ...(compression !== undefined && { [FIELDS.compression]: Buffer.from(compression) }),
    },
    data: seal(smaller ?? bytes, additionalData(id, compression), secret, nonce),
  };
}

/**
 * @throws PayloadCodecError: UnknownKeyError, UnsupportedEncryptionError, DamagedPayloadError or
 * PayloadTooLargeError.
 */
export async function decryptPayload(payload: Payload, keys: KeyRing): Promise<Payload> {
  const key = keyOf(payload, keys);
  if (textIn(payload, FIELDS.cipher) !== CIPHER) throw new UnsupportedEncryptionError(FIELDS.cipher);
  const compression = textIn(payload, FIELDS.compression);
  if (compression !== undefined && compression !== DEFLATE)
    throw new UnsupportedEncryptionError(FIELDS.compression);
  const plaintext = unseal(payload.data ?? new Uint8Array(), additionalData(key.id, compression), key.secret);
  if (plaintext === undefined) throw new DamagedPayloadError(key.id);
  try {
    return payloadOf(compression === undefined ? plaintext : await inflated(plaintext));
  } catch (error) {
    throw error instanceof PayloadCodecError ? error : new DamagedPayloadError(key.id, { cause: error });
  }
}

function keyOf(payload: Payload, keys: KeyRing): EncryptionKey {
  const id = keyIdIn(payload);
  const key = id === undefined ? undefined : keys.get(id);
  if (key === undefined) throw new UnknownKeyError(id);
  return key;
}

/** What is authenticated besides the plaintext: the metadata that decoding heeds. */
function additionalData(keyId: string, compression: string | undefined): Uint8Array {
  const bound = [
    [FIELDS.encoding, ENCODING],
    [FIELDS.cipher, CIPHER],
    [FIELDS.keyId, keyId],
    [FIELDS.compression, compression ?? 'none'],
  ];
  return Buffer.from(bound.map((field) => field.join('=')).join('\n'));
}

function payloadOf(bytes: Uint8Array): Payload {
  const { metadata, data } = PayloadMessage.decode(bytes);
  return { metadata, data };
}

function textIn({ metadata }: Payload, field: string): string | undefined {
  const bytes = metadata?.[field];
  return bytes && Buffer.from(bytes).toString('utf8');
}
