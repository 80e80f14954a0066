import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { WORKFLOW_TYPE } from '../../src/contract/index.js';
import * as workflows from '../../workflows/index.js';

const silent = () => undefined;
const quiet = { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent };

const sourceMapSchema = z.object({ sources: z.array(z.string()) });

let modules: readonly string[];
let sources: readonly string[];
let code: string;

beforeAll(async () => {
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  const bundle = await bundleWorkflowCode({ workflowsPath, logger: quiet });
  const [source = '', map = ''] = bundle.code.split('//# sourceMappingURL=');
  code = source;
  // What webpack writes before each module.
  modules = [...source.matchAll(/^\/\*{3}\/ "([^"\n]+)"/gm)].map(([, path = '']) => path);
  const json = Buffer.from(map.slice(map.indexOf('base64,') + 7), 'base64').toString();
  sources = sourceMapSchema.parse(JSON.parse(json)).sources;
});

/** The part of the paths in which something stands. */
const those = (paths: readonly string[], found: RegExp) => paths.filter((path) => found.test(path));

describe('the workflow bundle', () => {
  it('has the workflow, the contract it needs, and the SDK', () => {
    for (const paths of [modules, sources]) {
      expect(those(paths, /\/workflows\/purchase\.ts$/)).toHaveLength(1);
      expect(those(paths, /\/src\/contract\/names\.ts$/)).toHaveLength(1);
      expect(those(paths, /\/node_modules\/@temporalio\/workflow\//)).not.toEqual([]);
    }
  });

  it('has no zod', () => {
    expect(those([...modules, ...sources], /\bzod\b/)).toEqual([]);
    expect(code).not.toMatch(/\bZodError\b|\bZodType\b|\bsafeParse\b/);
  });

  it('takes nothing of this project but workflows and the contract', () => {
    const ours = those(modules, /\.[cm]?[jt]s$/).filter((path) => !path.includes('/node_modules/'));
    expect(ours.length).toBeGreaterThan(10);
    expect(ours.filter((path) => !/\/(?:workflows|src\/contract)\/[\w-]+\.c?[jt]s$/.test(path))).toEqual([]);
  });

  it("has none of Node's own modules", () => {
    const builtin = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
    const external = modules.map((path) => path.replace(/^external (?:\S+ )?"?|"$/g, ''));
    expect(external.filter((path) => builtin.has(path) || path.includes('node:'))).toEqual([]);
    const required = [...code.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name = '']) => name);
    expect(required.filter((name) => builtin.has(name))).toEqual([]);
  });

  it('offers PurchaseWorkflow, and no other workflow', () => {
    expect(Object.keys(workflows)).toEqual([WORKFLOW_TYPE]);
    expect(workflows.PurchaseWorkflow.name).toBe(WORKFLOW_TYPE);
  });
});
