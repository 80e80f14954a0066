export { dataConverterFor, failureConverterPath } from './data-converter.js';
export { EncryptionCodec } from './encryption-codec.js';
export {
  DamagedPayloadError,
  KeysMissingError,
  PayloadCodecError,
  PayloadTooLargeError,
  UnknownKeyError,
  UnsupportedEncryptionError,
} from './errors.js';
export { KeyRing, KeyRingError, parseKeyRing, type EncryptionKey } from './key-ring.js';
export { loadKeyRing } from './load-key-ring.js';
