import { runProcess } from './child-process.js';
import { onPath } from './executable-files.js';
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
