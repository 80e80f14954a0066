import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory, moveIntoCache, withTemporaryDirectory } from '../src/temporal/cache.js';
import { runProcess } from '../src/temporal/child-process.js';
import { reasonOf } from '../src/temporal/errors.js';
import { StackError } from './errors.js';

/** A program that Go builds from the module proxy. */
interface GoTool {
  readonly title: string;
  readonly module: string;
  readonly version: string;
  /** What `go install` calls it: the last part of its path, but for a version. */
  readonly builtAs: string;
  readonly cachedAs: string;
}

const SERVER = '1.32.1';
const UI = '2.54.1';

export const GO_TOOLS = {
  server: {
    title: `Temporal server ${SERVER}`,
    module: 'go.temporal.io/server/cmd/server',
    version: SERVER,
    builtAs: 'server',
    cachedAs: 'temporal-server',
  },
  sql: {
    title: `Temporal's schema tool ${SERVER}`,
    module: 'go.temporal.io/server/cmd/tools/sql',
    version: SERVER,
    builtAs: 'sql',
    cachedAs: 'temporal-sql-tool',
  },
  ui: {
    title: `Temporal Web UI ${UI}`,
    module: 'github.com/temporalio/ui-server/v2/cmd/server',
    version: UI,
    builtAs: 'server',
    cachedAs: 'temporal-ui-server',
  },
} as const satisfies Record<string, GoTool>;

/** On two cores the server takes about ten minutes, the first time. */
const BUILD_TIMEOUT_MS = 60 * 60 * 1_000;

/** What their modules ask for; from 1.21 on, Go fetches a newer Go by itself. */
const GO_NEEDED = '1.26.8';

/**
 * The path of a program: from the cache of this user, or built into it.
 *
 * @throws StackError when it cannot be built.
 */
export async function goTool(
  tool: GoTool,
  tell: (line: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const cache = cacheDirectory(env);
  const path = join(cache, 'stack', `${tool.cachedAs}-${tool.version}`);
  if (existsSync(path)) return path;
  await assertGo(env);
  tell(`building ${tool.title} (the first time only; the server takes about ten minutes on two cores)`);
  return await withTemporaryDirectory(cache, async (folder) => {
    const installed = { ...env, GOBIN: folder };
    await go(['install', `${tool.module}@v${tool.version}`], installed, tool.title);
    return await moveIntoCache(join(folder, tool.builtAs), path);
  });
}

async function go(args: readonly string[], env: NodeJS.ProcessEnv, title: string): Promise<void> {
  try {
    await runProcess('go', args, { env, timeoutMs: BUILD_TIMEOUT_MS });
  } catch (error) {
    throw new StackError(
      `${title} could not be built with \`go ${args.join(' ')}\`. It needs Go ${GO_NEEDED} (or 1.21 and later, ` +
        `which fetches it) and Go's module proxy:\n${reasonOf(error)}`,
      { cause: error },
    );
  }
}

async function assertGo(env: NodeJS.ProcessEnv): Promise<void> {
  try {
    await runProcess('go', ['version'], { env, timeoutMs: 60_000 });
  } catch (error) {
    throw new StackError(
      `Go is not on PATH; it builds the Temporal server. Install ${GO_NEEDED} or later from https://go.dev/dl/ ` +
        '(Debian 12 has an older one that does not do).',
      { cause: error },
    );
  }
}
