import { parseKeyRing, type KeyRing } from '../../src/codec/index.js';

/** A key for tests only: 32 times the same byte. */
export function aKey(id: string, fill: number): { readonly id: string; readonly key: string } {
  return { id, key: Buffer.alloc(32, fill).toString('base64') };
}

/** The JSON of a key ring, as its file has it. */
export function ringText(...keys: readonly ReturnType<typeof aKey>[]): string {
  return JSON.stringify({ keys });
}

export function aRing(...keys: readonly ReturnType<typeof aKey>[]): KeyRing {
  return parseKeyRing(ringText(...keys));
}
