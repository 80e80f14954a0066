import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, open, readFile, realpath, rename, rm } from 'node:fs/promises';
import { escapeUnseen } from '../observability/escape-unseen.js';
import { KEY_BYTES, KeyRingError, readKeyRingFile, type KeyRingFile } from './key-ring.js';

type Entry = KeyRingFile['keys'][number];

/** What a change of a key ring file came to. */
export interface KeyRingChange {
  /** The key that was added or promoted. */
  readonly id: string;
  /** The IDs of all keys, the first one first. */
  readonly ids: readonly string[];
}

/**
 * Adds a new key to a key ring file, or makes the file.
 *
 * @param place `first`: it encrypts from now on. `last`: it decrypts only, until it is promoted.
 * @throws KeyRingError when the file is there and no key ring, cannot be written, or is being changed.
 */
export async function addKey(
  path: string,
  place: 'first' | 'last',
  now = new Date(),
): Promise<KeyRingChange> {
  return locked(path, async (target) => {
    const keys = await keysIn(target);
    const id = freeId(keys, now.toISOString().slice(0, 10));
    const key = { id, key: randomBytes(KEY_BYTES).toString('base64') };
    return written(target, id, place === 'first' ? [key, ...keys] : [...keys, key]);
  });
}

/**
 * Makes a key of a key ring file the first one, which encrypts.
 *
 * @throws KeyRingError when the file has no such key, is no key ring, cannot be written, or is being changed.
 */
export async function promoteKey(path: string, id: string): Promise<KeyRingChange> {
  return locked(path, async (target) => {
    const keys = await keysIn(target);
    const promoted = keys.filter((key) => key.id === id);
    if (promoted.length === 0) throw new KeyRingError(['it has no key of that ID']);
    return written(target, id, [...promoted, ...keys.filter((key) => key.id !== id)]);
  });
}

/** One change at a time: of two that read the same ring, the later one would lose the key of the other. */
async function locked(
  path: string,
  change: (target: string) => Promise<KeyRingChange>,
): Promise<KeyRingChange> {
  // A link stays one, and its file has one lock by whatever name it is called.
  const target = await realpath(path).catch(() => path);
  const lock = `${target}.lock`;
  await take(lock);
  try {
    return await change(target);
  } finally {
    await rm(lock, { force: true });
  }
}

async function take(lock: string): Promise<void> {
  try {
    await (await open(lock, 'wx', 0o600)).close();
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw toKeyRingError(error, 'written');
    const what = `somebody else is changing it: wait, or remove ${escapeUnseen(lock)} when nobody is`;
    throw new KeyRingError([what]);
  }
}

async function keysIn(path: string): Promise<readonly Entry[]> {
  try {
    return readKeyRingFile(await readFile(path, 'utf8')).keys;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw toKeyRingError(error, 'read');
  }
}

/** Several keys of one day are told apart by a number. */
function freeId(keys: readonly Entry[], day: string): string {
  const taken = new Set(keys.map(({ id }) => id));
  let id = day;
  for (let count = 2; taken.has(id); count += 1) id = `${day}-${count}`;
  return id;
}

/** Whoever reads the file meanwhile sees the old ring or the new one, never half of one. */
async function written(target: string, id: string, keys: readonly Entry[]): Promise<KeyRingChange> {
  const draft = `${target}.${randomUUID()}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify({ keys }, undefined, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(draft, 0o600);
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw toKeyRingError(error, 'written');
  }
  return { id, ids: keys.map((key) => key.id) };
}

function toKeyRingError(error: unknown, what: 'read' | 'written'): unknown {
  const code = codeOf(error);
  return code === undefined ? error : new KeyRingError([`cannot be ${what} (${code})`]);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
