import { createSecretKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { problemsOf } from '../contract/problems.js';

/** A key and the name that payloads call it by. */
export interface EncryptionKey {
  readonly id: string;
  /** 256 bits. Printing it shows no key material. */
  readonly secret: KeyObject;
}

/** The keys of this process: the first encrypts, all decrypt. */
export class KeyRing {
  readonly first: EncryptionKey;
  readonly #byId: ReadonlyMap<string, EncryptionKey>;

  constructor(first: EncryptionKey, ...others: readonly EncryptionKey[]) {
    this.first = first;
    this.#byId = new Map([first, ...others].map((key) => [key.id, key]));
  }

  get(id: string): EncryptionKey | undefined {
    return this.#byId.get(id);
  }

  /** The IDs of all keys, the first one first. */
  get ids(): readonly string[] {
    return [...this.#byId.keys()];
  }
}

/** Thrown when a key ring cannot be used. It names every mistake at once, and no key material. */
export class KeyRingError extends Error {
  override readonly name = 'KeyRingError';

  constructor(readonly mistakes: readonly string[]) {
    super(mistakes.join('\n'));
  }
}

/** A key ring as its file has it. */
export type KeyRingFile = z.infer<typeof keyRingSchema>;

/** An AES-256 key, in bytes. */
export const KEY_BYTES = 32;

const KEY_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Whether a text may name a key: it stands in messages and in what is authenticated, so it is plain. */
export function isKeyId(text: string): boolean {
  return KEY_ID.test(text);
}

// zod's own messages may repeat what they found: a key in the wrong place, say.
const idSchema = z
  .string({ error: 'must be a text' })
  .refine(isKeyId, { error: 'must be 1 to 64 letters, digits, ".", "_" or "-", such as "2026-11"' });

const materialSchema = z.string({ error: 'must be a text' }).refine(isKeyMaterial, {
  error: `must be ${KEY_BYTES} random bytes in base64, as \`marketplace codec-key\` makes them`,
});

const entrySchema = z.strictObject(
  { id: idSchema, key: materialSchema },
  { error: ({ code }) => fieldsOr('must be an object', code, '"id" and "key"') },
);

const keyRingSchema = z.strictObject(
  {
    keys: z
      .array(entrySchema, { error: 'must be a list of keys' })
      .min(1, { error: 'must have a key' })
      .superRefine((keys, context) => {
        const ids = keys.map(({ id }) => id);
        for (const [index, id] of ids.entries()) {
          if (ids.indexOf(id) < index)
            context.addIssue({
              code: 'custom',
              path: [index, 'id'],
              message: 'is the ID of another key too',
            });
        }
      }),
  },
  { error: ({ code }) => fieldsOr('it must be an object with "keys"', code, '"keys"') },
);

function fieldsOr(otherwise: string, code: string | undefined, fields: string): string {
  return code === 'unrecognized_keys' ? `has other fields than ${fields}` : otherwise;
}

function isKeyMaterial(text: string): boolean {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === KEY_BYTES && bytes.toString('base64') === text;
}

/**
 * Reads the JSON of a key ring, `{ "keys": [{ "id": "2026-11", "key": "…" }] }`, as its file has it.
 *
 * @throws KeyRingError naming every mistake, and no key material.
 */
export function readKeyRingFile(text: string): KeyRingFile {
  const read = keyRingSchema.safeParse(parseJson(text));
  if (read.success) return read.data;
  throw new KeyRingError(problemsOf(read.error).map(({ path, problem }) => `${path} ${problem}`.trim()));
}

/**
 * Reads the JSON of a key ring.
 *
 * @throws KeyRingError naming every mistake, and no key material.
 */
export function parseKeyRing(text: string): KeyRing {
  const [first, ...others] = readKeyRingFile(text).keys.map(({ id, key }) => ({
    id,
    secret: createSecretKey(key, 'base64'),
  }));
  if (first === undefined) throw new KeyRingError(['keys must have a key']);
  return new KeyRing(first, ...others);
}

/** A parser's own message quotes what it could not read. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new KeyRingError(['it is no JSON']);
  }
}
