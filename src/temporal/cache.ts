import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { TemporalConfigError } from './errors.js';

const APPLICATION = 'gitlab-marketplace-temporal';
const TEMPORARY_PREFIX = '.tmp-';

/** Longer than any download may take: a temporary folder older than this was left by a process that died. */
const STALE_AFTER_MS = 60 * 60 * 1_000;

/**
 * The folder for downloads: `MARKETPLACE_CACHE_DIR`, or this user's cache folder on this platform. Always an
 * absolute path: what is run must not depend on the current folder.
 *
 * @throws TemporalConfigError when `MARKETPLACE_CACHE_DIR` is relative, or there is no home folder.
 */
export function cacheDirectory(env: NodeJS.ProcessEnv): string {
  const chosen = env['MARKETPLACE_CACHE_DIR'];
  if (!chosen) return join(userCacheDirectory(env), APPLICATION);
  if (isAbsolute(chosen)) return resolve(chosen);
  throw new TemporalConfigError(
    `MARKETPLACE_CACHE_DIR is "${chosen}", which depends on the current folder. Set it to an absolute path.`,
  );
}

/** Source: the XDG base directory specification (which has relative paths ignored), Apple's and Microsoft's guides. */
function userCacheDirectory(env: NodeJS.ProcessEnv): string {
  const xdg = ifAbsolute(env['XDG_CACHE_HOME']);
  if (xdg !== undefined) return xdg;
  if (process.platform === 'darwin') return join(homeDirectory(env), 'Library', 'Caches');
  if (process.platform !== 'win32') return join(homeDirectory(env), '.cache');
  return ifAbsolute(env['LOCALAPPDATA']) ?? join(homeDirectory(env), 'AppData', 'Local');
}

function homeDirectory(env: NodeJS.ProcessEnv): string {
  const home = ifAbsolute(env['HOME']) ?? ifAbsolute(listedHome());
  if (home !== undefined) return home;
  throw new TemporalConfigError(
    'There is no home folder to keep downloads in. Set MARKETPLACE_CACHE_DIR to an absolute path.',
  );
}

/** The home folder in the system's list of users: `homedir()` would hand on an empty or relative HOME. */
function listedHome(): string | undefined {
  try {
    return userInfo().homedir;
  } catch {
    // A container may run as a user that no list has.
    return undefined;
  }
}

function ifAbsolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

/** The SHA-256 of a file, in hex. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/**
 * Puts an executable into the cache in one step: another process sees all of it or none, and of several at
 * once the last one wins with the same bytes.
 *
 * @param file a file on the cache's own file system; it is moved away
 */
export async function moveIntoCache(file: string, target: string): Promise<string> {
  await chmod(file, 0o755);
  await mkdir(dirname(target), { recursive: true });
  await rename(file, target);
  return target;
}

/** Runs a function with an empty folder inside the cache, and removes the folder afterwards. */
export async function withTemporaryDirectory<Result>(
  cache: string,
  use: (directory: string) => Promise<Result>,
): Promise<Result> {
  await mkdir(cache, { recursive: true });
  await removeStale(cache);
  const directory = await mkdtemp(join(cache, TEMPORARY_PREFIX));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function removeStale(cache: string): Promise<void> {
  const names = (await readdir(cache)).filter((name) => name.startsWith(TEMPORARY_PREFIX));
  for (const name of names) {
    const path = join(cache, name);
    // Another process may remove it first.
    const changed = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (changed !== undefined && Date.now() - changed > STALE_AFTER_MS) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
