import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

// A few purchases through the measuring programs, so that they still work when somebody wants to measure.

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marketplace-bench-test-'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

async function run(name: 'run' | 'soak', ...args: readonly string[]): Promise<string> {
  const program = fileURLToPath(new URL(`../../dist/bench/${name}.js`, import.meta.url));
  const options = { cwd: folder, timeout: 200_000 };
  return (await promisify(execFile)(process.execPath, [program, ...args], options)).stdout;
}

it('the bench sets every variant beside the defaults', { timeout: 240_000 }, async () => {
  const output = await run('run', '--purchases', '5', '--width', '5', '--rounds', '1');
  expect(output).toMatch(/^defaults: 1\.00 × the purchases a second, 1\.00 ×/m);
  for (const variant of ['forty-tasks', 'resource-based', 'autoscaling', 'encrypted']) {
    expect(output).toMatch(
      new RegExp(String.raw`^${variant}: \d+\.\d\d × the purchases a second, \d+\.\d\d ×`, 'm'),
    );
  }
});

it('the soak tells and draws what the worker held', { timeout: 240_000 }, async () => {
  const output = await run('soak', '--purchases', '20', '--width', '10');
  expect(output).toMatch(/^20 purchases in \d+ s .*none failed, one order each/m);
  expect(await readFile(join(folder, 'soak.csv'), 'utf8')).toMatch(
    /^seconds,purchases,mib\n(.*\n)*\d+,20,[\d.]+\n$/,
  );
  expect(await readFile(join(folder, 'soak.svg'), 'utf8')).toMatch(
    /^<svg [^]*<polyline [^>]*points="[\d., ]+"/,
  );
});
