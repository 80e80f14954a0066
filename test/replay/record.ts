import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { PacedTraffic } from '../../src/portal/index.js';
import { resolveExecutable } from '../../src/temporal/index.js';
import { anInput, anOrder } from '../helpers/orders.js';
import { useRig } from '../helpers/use-rig.js';
import { startDevEnvironment, startTimeSkippingEnvironment } from '../helpers/temporal.js';
import { SCENARIOS } from './scenarios.js';

/** Not a test: `npm run record-histories` runs it, to write what purchases of this code look like. */

const fileOf = (name: string) => fileURLToPath(new URL(`./histories/${name}.json`, import.meta.url));

/** As Temporal's own CLI writes it: the form that everyone downloads and replays. */
async function record(env: TestWorkflowEnvironment, name: string, workflowId: string): Promise<void> {
  const { stdout } = await promisify(execFile)(
    await resolveExecutable('cli'),
    ['workflow', 'show', '--address', env.address, '--workflow-id', workflowId, '--output', 'json'],
    { maxBuffer: 2 ** 27 },
  );
  // Stack traces name files; where these lie on this machine is nobody's business.
  const history: unknown = JSON.parse(stdout.replaceAll(process.cwd(), '.'));
  await writeFile(fileOf(name), `${JSON.stringify({ workflowId, history }, undefined, 1)}\n`);
}

describe('recording', () => {
  const at = useRig(startDevEnvironment, { portal: { traffic: new PacedTraffic() } });

  it.each(Object.entries(SCENARIOS))('%s', async (name, scenario) => {
    const { workflowId } = await scenario(at.rig);
    await expect(record(at.env, name, workflowId)).resolves.toBeUndefined();
  });
});

describe('recording on a server that skips time', () => {
  const at = useRig(startTimeSkippingEnvironment, (env) => ({
    simulator: { now: () => env.currentTimeMs(), progress: { creatingMs: 86_400_000 } },
  }));

  it('continued-as-new', async () => {
    const handle = await at.rig.begin(anInput(anOrder(), { polling: { maximumInterval: '5m' } }));
    await handle.result();
    await expect(record(at.env, 'continued-as-new', handle.workflowId)).resolves.toBeUndefined();
  });
});
