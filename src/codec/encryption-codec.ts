import type { Payload, PayloadCodec } from '@temporalio/common';
import { decryptPayload, encryptPayload, isEncrypted } from './encrypted-payload.js';
import { KeysMissingError } from './errors.js';
import type { KeyRing } from './key-ring.js';

/**
 * Encrypts payloads with the first key of a key ring and decrypts with all of them. What is not encrypted passes
 * decoding as it is, so that histories from before stay readable; what is encrypted is not encrypted again.
 */
export class EncryptionCodec implements PayloadCodec {
  readonly #keys: KeyRing;

  constructor(keys: KeyRing) {
    this.#keys = keys;
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.all(
      payloads.map(async (payload) =>
        isEncrypted(payload) ? payload : encryptPayload(payload, this.#keys.first),
      ),
    );
  }

  /** @throws PayloadCodecError when an encrypted payload cannot be decrypted. */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.all(
      payloads.map(async (payload) => (isEncrypted(payload) ? decryptPayload(payload, this.#keys) : payload)),
    );
  }
}

/** Without keys: changes nothing, and says of an encrypted payload what is missing. */
export class KeylessCodec implements PayloadCodec {
  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads;
  }

  /** @throws KeysMissingError */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    if (payloads.some(isEncrypted)) throw new KeysMissingError();
    return payloads;
  }
}
