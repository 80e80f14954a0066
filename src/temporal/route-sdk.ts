import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { moveIntoCache, sha256OfFile, withTemporaryDirectory } from './cache.js';
import { runProcess } from './child-process.js';
import { LOOPBACK } from './ports.js';
import type { Route, RouteContext } from './route.js';
import { fileName } from './tools.js';
import type { Tool } from './tools.js';

const require = createRequire(import.meta.url);

const DOWNLOAD_TIMEOUT_MS = 5 * 60 * 1_000;

/**
 * The SDK downloads only on the way to starting a server, and starting one makes the process's one
 * `Runtime`, which a worker has to set up first. So a process of its own does it. The text has to be
 * JavaScript, as it runs from the sources too.
 */
const DOWNLOADER = `
  const [, testing, kind, downloadDir] = process.argv;
  const { TestWorkflowEnvironment } = require(testing);
  const options = { server: { executable: { type: 'cached-download', downloadDir } } };
  const started =
    kind === 'cli' ? TestWorkflowEnvironment.createLocal(options) : TestWorkflowEnvironment.createTimeSkipping(options);
  started
    .then((environment) => environment.teardown())
    .then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });
`;

/** The Temporal SDK's own download, from Temporal's own site, of the version that fits the SDK. */
export const sdkRoute: Route = {
  name: "the Temporal SDK's own download",
  async find({ tool, env, cache, onProgress }: RouteContext) {
    onProgress(`Downloading the ${tool.title} with the Temporal SDK …`);
    return await withTemporaryDirectory(cache, async (directory) => {
      const args = ['-e', DOWNLOADER, require.resolve('@temporalio/testing'), tool.kind, directory];
      await runProcess(process.execPath, args, {
        // The download may need a proxy; the server that the SDK then starts on loopback is not behind it.
        env: { ...env, no_grpc_proxy: LOOPBACK },
        timeoutMs: DOWNLOAD_TIMEOUT_MS,
      });
      const file = await downloadedFile(directory);
      const folder = join(sdkCacheFolder(tool, cache), await sha256OfFile(file));
      const path = await moveIntoCache(file, join(folder, fileName(tool)));
      onProgress(`The ${tool.title} is at ${path}`);
      return path;
    });
  },
};

/** Where the SDK's downloads of a tool are kept, one folder each, named by its SHA-256. */
export function sdkCacheFolder(tool: Tool, cache: string): string {
  return join(cache, tool.pypi.name, `sdk-${sdkVersion()}`);
}

function sdkVersion(): string {
  const manifest: unknown = require('@temporalio/testing/package.json');
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}

/** The SDK names its file itself (`temporal-sdk-typescript-…`); it is the only one in its folder. */
async function downloadedFile(directory: string): Promise<string> {
  const [name, ...others] = (await readdir(directory)).filter((file) => file.startsWith('temporal'));
  if (name === undefined || others.length > 0)
    throw new Error('the SDK left no file that is surely its download');
  return join(directory, name);
}
