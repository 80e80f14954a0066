import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { runProcess } from './child-process.js';
import type { Route, RouteContext } from './route.js';
import { fileName } from './tools.js';

const VERSION_TIMEOUT_MS = 15_000;

/**
 * The first server that offers update-with-start without switching it on, by its release notes; a partner
 * backend's one-call answer needs it.
 */
const OLDEST_SERVER = { major: 1, minor: 28 } as const;

/** The CLI that is installed on this machine, if it runs and is new enough. */
export const pathRoute: Route = {
  name: '`temporal` on PATH',
  async find({ tool, env, onProgress }: RouteContext) {
    const path = await onPath(fileName(tool), env);
    if (path === undefined) throw new Error('not there');
    const version = await runProcess(path, ['--version'], { env, timeoutMs: VERSION_TIMEOUT_MS });
    assertNewEnough(path, version.trim());
    onProgress(`Using ${path}: ${version.trim()}`);
    return path;
  },
};

/** Whether a path leads to a file that this user may run. */
export async function isExecutableFile(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function onPath(file: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  // A relative entry would make what is run depend on the current folder.
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder));
  for (const folder of folders) {
    const path = join(folder, file);
    if (await isExecutableFile(path)) return path;
  }
  return undefined;
}

/** Reads what `temporal --version` prints, such as `temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)`. */
function assertNewEnough(path: string, version: string): void {
  const [, major, minor] = /\bServer (\d+)\.(\d+)/i.exec(version) ?? [];
  if (major === undefined || minor === undefined) {
    throw new Error(`${path} does not tell its server's version, but: ${version || '(nothing)'}`);
  }
  const older =
    Number(major) < OLDEST_SERVER.major ||
    (Number(major) === OLDEST_SERVER.major && Number(minor) < OLDEST_SERVER.minor);
  if (older) {
    throw new Error(
      `${path} is too old (${version}); its server must be ${OLDEST_SERVER.major}.${OLDEST_SERVER.minor} or later`,
    );
  }
}
