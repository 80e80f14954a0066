/** What is wrong with an encrypted payload. There is one class for each thing that helps. */
export abstract class PayloadCodecError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Thrown when a payload is encrypted and this process was given no keys. */
export class KeysMissingError extends PayloadCodecError {
  constructor() {
    super(
      'the payload is encrypted, and no keys are set: name the key ring in MARKETPLACE_CODEC_KEYS_FILE, ' +
        'the same one that the workers have',
    );
  }
}

/** Thrown when a payload is encrypted with a key that the key ring does not have. */
export class UnknownKeyError extends PayloadCodecError {
  /** @param keyId the ID that the payload names; `undefined` when that is no ID at all. */
  constructor(readonly keyId: string | undefined) {
    super(
      keyId === undefined
        ? 'the payload names no key that a key ring could have: something else than a Marketplace codec made it'
        : `the payload is encrypted with key "${keyId}", which is not in the key ring: add it there, after the first key`,
    );
  }
}

/** Thrown when a payload is encrypted in a way that this version does not know. */
export class UnsupportedEncryptionError extends PayloadCodecError {
  /** @param field the name of the payload's metadata that is not understood. */
  constructor(field: string) {
    super(
      `the payload is encrypted in a way that this version does not know (its ${field}): use the version that wrote it`,
    );
  }
}

/** Thrown when a payload was changed or cut off after it was encrypted, or another key has the same ID. */
export class DamagedPayloadError extends PayloadCodecError {
  constructor(keyId: string, options?: ErrorOptions) {
    super(
      `the payload cannot be decrypted with key "${keyId}": it was changed after it was encrypted, or this key ` +
        'ring has another key under that ID. Compare the key rings of those who write and of those who read',
      options,
    );
  }
}

/** Thrown when a payload would take more memory than any payload of Temporal does. */
export class PayloadTooLargeError extends PayloadCodecError {
  constructor(most: number) {
    super(`the payload is larger than ${most} bytes once it is inflated: no codec of ours made it`);
  }
}
