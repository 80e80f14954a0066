import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { z } from 'zod';
import { build } from './program.js';

/** A program in some language that buys, built from `examples/`. */
export interface Caller {
  readonly name: string;
  /** What must be on this machine, as a person would say it. */
  readonly needs: string;
  readonly isThere: () => boolean;
  /** Builds it, once for all tests of a run. */
  readonly prepare: () => Promise<void>;
  /** Prints `{"subscriptionNumber": …}` as soon as the order exists, then the result. */
  readonly purchaseCommand: (orderFile: string) => readonly string[];
}

/** A caller that shows and cancels too, by the command line that all examples share. */
export interface WholeCaller extends Caller {
  readonly command: (...args: readonly string[]) => readonly string[];
}

const repository = fileURLToPath(new URL('../..', import.meta.url));
/** The folder of an example. */
export const example = (name: string): string => join(repository, 'examples', name);

export const python = wholeCaller({
  name: 'python',
  needs: 'Python 3.11 or later, with venv',
  isThere: () => runs('python3', '-c', 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'),
  command: (...args) => [
    join(inject('workshop'), 'python/bin/python'),
    '-B',
    join(example('python'), 'main.py'),
    ...args,
  ],
  async make(target) {
    await build(target, 'python3', '-m', 'venv', '.');
    const requirements = join(example('python'), 'requirements.txt');
    await build(target, 'bin/pip', 'install', '--quiet', '--require-hashes', '-r', requirements);
  },
});

export const go = wholeCaller({
  name: 'go',
  needs: 'Go 1.26 or later',
  isThere: () => runs('go', 'version'),
  command: (...args) => [join(inject('workshop'), 'go/purchases'), ...args],
  make: (target) =>
    build(example('go'), 'go', 'build', '-mod=readonly', '-o', join(target, 'purchases'), '.'),
});

/** The backend, called by HTTP. It finds this repository as a package. */
export const typescript = wholeCaller({
  name: 'typescript',
  needs: 'Node.js, which is here',
  isThere: () => true,
  command: (...args) => [
    process.execPath,
    fileURLToPath(new URL('./http-caller.mjs', import.meta.url)),
    join(inject('workshop'), 'typescript/dist/main.js'),
    ...args,
  ],
  async make(target) {
    await cp(example('typescript'), target, {
      recursive: true,
      filter: (file) => !/\/(node_modules|dist)$/.test(file),
    });
    await linkDependencies(target);
    await build(target, process.execPath, join(repository, 'node_modules/typescript/bin/tsc'));
  },
});

export const java = wholeCaller({
  name: 'java',
  needs: 'a JDK of Java 17 or later, with Maven',
  isThere: () => runs('javac', '--version') && runs('mvn', '--version'),
  // Quick to start rather than quick later on.
  command: (...args) => [
    'java',
    '-XX:TieredStopAtLevel=1',
    '-jar',
    join(inject('workshop'), 'java/target/purchase.jar'),
    ...args,
  ],
  async make(target) {
    await cp(example('java'), target, { recursive: true, filter: (file) => !file.endsWith('/target') });
    await build(target, 'mvn', '-q', '-B', 'package');
  },
});

/** Temporal's HTTP API, by a shell. */
export const http = wholeCaller({
  name: 'http',
  needs: 'bash, curl and jq',
  isThere: () => ['bash', 'curl', 'jq'].every((tool) => runs(tool, '--version')),
  command: (...args) => ['bash', join(example('http'), 'purchase.sh'), ...args],
  async make() {},
});

/** All that race for one order. */
export const CALLERS: readonly Caller[] = [python, go, typescript, java, http];

/** CI has them all: what is missing there fails. */
export function isLeftOut({ isThere }: Caller): boolean {
  return !process.env['CI'] && !isThere();
}

function wholeCaller({
  command,
  make,
  ...caller
}: Omit<WholeCaller, 'prepare' | 'purchaseCommand'> & {
  /** Builds it into a folder of its own. */
  readonly make: (target: string) => Promise<void>;
}): WholeCaller {
  return {
    ...caller,
    command,
    purchaseCommand: (orderFile) => command('purchase', orderFile),
    async prepare() {
      if (!caller.isThere()) throw new Error(`examples/${caller.name} needs ${caller.needs}`);
      const target = join(inject('workshop'), caller.name);
      if (existsSync(target)) return;
      await mkdir(target);
      await make(target);
    },
  };
}

function runs(executable: string, ...args: readonly string[]): boolean {
  return spawnSync(executable, args, { stdio: 'ignore' }).status === 0;
}

const manifestSchema = z.object({
  version: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
});

/** What it depends on, at the versions that are installed here. */
async function linkDependencies(target: string): Promise<void> {
  const { dependencies, devDependencies } = await manifestIn(target);
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    const isOurs = name === 'gitlab-marketplace-temporal';
    const source = isOurs ? repository : join(repository, 'node_modules', name);
    const { version: installed } = await manifestIn(source);
    if (!isOurs && installed !== version) {
      throw new Error(`examples/typescript wants ${name} ${version}, and ${installed} is tested here`);
    }
    const link = join(target, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(source, link);
  }
}

async function manifestIn(folder: string): Promise<z.infer<typeof manifestSchema>> {
  return manifestSchema.parse(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')));
}
