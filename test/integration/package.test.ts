import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { z } from 'zod';
import { DEMO_CLIENT, startSimulator, type Simulator } from '../../src/simulator/index.js';
import { resolveExecutable } from '../../src/temporal/index.js';
import {
  available,
  bareEnvironment,
  createProject,
  installNodes,
  NODES,
  pack,
  run,
  tool,
  type Packed,
  type Project,
  type Unavailable,
} from '../helpers/installed-package.js';
import { problemsBy } from '../helpers/json-schema.js';
import { anOrder } from '../helpers/orders.js';
import { startDevEnvironment } from '../helpers/temporal.js';

// The package as a user gets it: packed, installed into an empty project, type-checked there, and put to work.

const PROGRAM = fileURLToPath(new URL('package/purchase.ts', import.meta.url));

let folder: string;
let packed: Packed;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marketplace-package-'));
  packed = await pack(folder);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('the packed package', () => {
  it('has what a user needs, and no more', () => {
    expect(packed.files).toEqual(
      expect.arrayContaining([
        'README.md',
        'LICENSE',
        'CHANGELOG.md',
        'dist/workflow-bundle.js',
        'dist/src/cli/main.js',
        'dist/src/client/index.d.ts',
        'examples/order.json',
        'schema/order.json',
        'schema/README.md',
      ]),
    );
    const others = packed.files.filter(
      (path) => !/^(dist|docs|examples|schema)\/|^(README|LICENSE|CHANGELOG|package)\b/.test(path),
    );
    expect(others).toEqual([]);
  });

  it('is clean for publint', async () => {
    const tarball = new Uint8Array(await readFile(packed.tarball)).buffer;
    const { messages } = await publint({ strict: true, pack: { tarball } });
    expect(messages).toEqual([]);
  });

  it('has types that fit its code, for ES modules and for CommonJS, which requires them as such', async () => {
    // Node.js 20.19 and later take an ES module from `require`, as TypeScript does: the projects below do so.
    const args = [packed.tarball, '--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm'];
    const { code, stdout } = await run(tool('attw'), [...args, '--format', 'json'], { cwd: folder });
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(stdout).toContain('gitlab-marketplace-temporal/worker');
  });
});

/** What the program printed. */
const printedSchema = z.object({
  node: z.string(),
  placed: z.object({ subscriptionNumber: z.string() }),
  result: z.unknown(),
  status: z.unknown(),
});

const KINDS = [
  { name: 'ES modules', type: 'module', extension: 'm' },
  { name: 'CommonJS', type: 'commonjs', extension: 'c' },
] as const;

describe('installed into an empty project', () => {
  const projects = new Map<string, Project | Unavailable>();
  let nodes: ReadonlyMap<string, string> | Unavailable;
  let env: TestWorkflowEnvironment;
  let simulator: Simulator;

  beforeAll(async () => {
    env = await startDevEnvironment();
    simulator = await startSimulator({ progress: { creatingMs: 0, createdMs: 0 } });
    for (const { type } of KINDS) {
      projects.set(type, await available(() => createProject(join(folder, type), type, packed)));
    }
    nodes = await available(() => installNodes(join(folder, 'nodes')));
  }, 300_000);

  afterAll(async () => {
    await simulator.close();
    await env.teardown();
  });

  describe.each(KINDS)('of $name, it', ({ type, extension }) => {
    beforeAll(async () => {
      const project = projects.get(type);
      if (project === undefined || 'unavailable' in project) return;
      await copyFile(PROGRAM, join(project.folder, `purchase.${extension}ts`));
      await writeFile(join(project.folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    });

    it('has its types, for a strict TypeScript', async ({ skip }) => {
      const { folder: cwd } = orSkip(projects.get(type), skip);
      expect(await run(tool('tsc'), ['-p', '.'], { cwd })).toMatchObject({ code: 0, stdout: '' });
      // `skipLibCheck` is for the Temporal SDK, whose declarations miss those of `ms`. Ours need it not.
      const strictest = ['-p', '.', '--module', 'node20', '--skipLibCheck', 'false', '--noEmit'];
      const { stdout } = await run(tool('tsc'), strictest, { cwd });
      const errors = stdout.split('\n').filter((line) => /^\S.*: error TS/.test(line));
      expect(errors.filter((line) => !line.startsWith('node_modules/@temporalio/'))).toEqual([]);
    });

    it.for(NODES)('buys on Node.js %s, with a worker of its own', async (version, { skip }) => {
      const project = orSkip(projects.get(type), skip);
      const order = anOrder();
      const ran = await run(nodeOrSkip(nodes, version, skip), [`purchase.${extension}js`], {
        cwd: project.folder,
        env: bareEnvironment({
          TEMPORAL_ADDRESS: env.address,
          PORTAL_URL: simulator.url,
          CLIENT_ID: DEMO_CLIENT.clientId,
          CLIENT_SECRET: DEMO_CLIENT.clientSecret,
          TASK_QUEUE: `package-${type}-${version}`,
          ORDER: JSON.stringify(order),
        }),
      });
      expect(ran).toMatchObject({ code: 0 });
      const { node, placed, result, status } = printedSchema.parse(JSON.parse(ran.stdout));
      expect(node).toMatch(new RegExp(`^v${version}\\.`));
      expect(result).toMatchObject({ outcome: 'Provisioned', ...placed });
      expect(simulator.orders(order.externalSubscriptionId)).toHaveLength(1);
      expect(await problemsBy(project.file('schema/order.json'), order)).toEqual([]);
      expect(await problemsBy(project.file('schema/result.json'), result)).toEqual([]);
      expect(await problemsBy(project.file('schema/status.json'), status)).toEqual([]);
    });
  });

  describe('its command', () => {
    it.for(NODES)('says its version on Node.js %s', async (version, { skip }) => {
      const project = orSkip(projects.get('module'), skip);
      const ran = await run(nodeOrSkip(nodes, version, skip), [project.command, '--version'], {
        cwd: project.folder,
        env: bareEnvironment({}),
      });
      expect(ran).toMatchObject({ code: 0, stdout: `${project.version}\n` });
    });

    it('shows a purchase from order to Provisioned', async ({ skip }) => {
      const project = orSkip(projects.get('commonjs'), skip);
      const ran = await run(process.execPath, [project.command, 'demo', '--once'], {
        cwd: project.folder,
        env: bareEnvironment({ MARKETPLACE_TEMPORAL_CLI: await resolveExecutable('cli') }),
      });
      expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('Provisioned') });
    });
  });
});

const TSCONFIG = {
  compilerOptions: {
    target: 'es2023',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    skipLibCheck: true,
  },
  include: ['purchase.*ts'],
};

type Skip = TestContext['skip'];

function orSkip(project: Project | Unavailable | undefined, skip: Skip): Project {
  if (project === undefined) throw new Error('nothing was installed');
  return 'unavailable' in project ? skip(project.unavailable) : project;
}

/** The program of a Node.js version; the one that runs the tests is always there. */
function nodeOrSkip(nodes: ReadonlyMap<string, string> | Unavailable, version: string, skip: Skip): string {
  if (process.version.startsWith(`v${version}.`)) return process.execPath;
  if ('unavailable' in nodes) return skip(nodes.unavailable);
  return nodes.get(version) ?? skip(`there is no Node.js ${version}`);
}
