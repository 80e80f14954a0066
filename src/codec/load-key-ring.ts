import { readFileSync } from 'node:fs';
import { KeyRingError, parseKeyRing, type KeyRing } from './key-ring.js';

const FILE = 'MARKETPLACE_CODEC_KEYS_FILE';
const INLINE = 'MARKETPLACE_CODEC_KEYS';

/**
 * The key ring that an environment names: the JSON in the file `MARKETPLACE_CODEC_KEYS_FILE`, or the same JSON in
 * `MARKETPLACE_CODEC_KEYS`. `undefined` when neither is set: then nothing is encrypted.
 *
 * @throws KeyRingError naming every mistake, and no key material.
 */
export function loadKeyRing(env: NodeJS.ProcessEnv = process.env): KeyRing | undefined {
  // Docker Compose hands on an unset variable as an empty one.
  const file = env[FILE] || undefined;
  const inline = env[INLINE] || undefined;
  if (file !== undefined && inline !== undefined)
    throw new KeyRingError([`${FILE} and ${INLINE} are both set: keep one`]);
  if (inline !== undefined) return named(INLINE, () => parseKeyRing(inline));
  if (file !== undefined) return named(FILE, () => parseKeyRing(textOf(file)));
  return undefined;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new KeyRingError([`cannot be read (${code})`]);
  }
}

/** Says with each mistake where it is. */
function named<T>(variable: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof KeyRingError)) throw error;
    throw new KeyRingError(error.mistakes.map((mistake) => `${variable}: ${mistake}`));
  }
}
