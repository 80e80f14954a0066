import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';

/** As NIST SP 800-38D wants it, in bytes. */
export const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ALGORITHM = 'aes-256-gcm';

/** Encrypts and authenticates: nonce ‖ ciphertext ‖ tag. A nonce is used once only. */
export function seal(
  plaintext: Uint8Array,
  additionalData: Uint8Array,
  secret: KeyObject,
  nonce: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv(ALGORITHM, secret, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(additionalData);
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** What was sealed; `undefined` when it was not with this key and these additional data, or was changed since. */
export function unseal(
  sealed: Uint8Array,
  additionalData: Uint8Array,
  secret: KeyObject,
): Uint8Array | undefined {
  const tagAt = sealed.length - TAG_BYTES;
  if (tagAt < NONCE_BYTES) return undefined;
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv(ALGORITHM, secret, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(additionalData);
  decipher.setAuthTag(sealed.subarray(tagAt));
  const plaintext = decipher.update(sealed.subarray(NONCE_BYTES, tagAt));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plaintext;
}
