import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { EncryptionCodec, KeylessCodec } from './encryption-codec.js';
import type { KeyRing } from './key-ring.js';

/** Temporal loads the converter by its path, into workers and into the sandbox: compiled or as source. */
export const failureConverterPath = fileURLToPath(
  new URL(`./failure-converter${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

/**
 * The data converter of workers and callers: with keys, payloads, failure messages and stack traces are encrypted;
 * without, all is as it is in Temporal, and an encrypted payload says that keys are missing.
 */
export function dataConverterFor(keys: KeyRing | undefined): DataConverter {
  return keys === undefined
    ? { payloadCodecs: [new KeylessCodec()] }
    : { payloadCodecs: [new EncryptionCodec(keys)], failureConverterPath };
}
