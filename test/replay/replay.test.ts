import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SCENARIOS } from './scenarios.js';

const folder = new URL('./histories/', import.meta.url);
const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));

const recordSchema = z.object({
  workflowId: z.string(),
  history: z.object({ events: z.array(z.looseObject({ eventType: z.string() })).min(1) }),
});

const files = (await readdir(folder)).filter((file) => file.endsWith('.json'));

describe('a history that was recorded', () => {
  let workflowBundle: WorkflowBundleWithSourceMap;
  beforeAll(async () => {
    workflowBundle = await bundleWorkflowCode({ workflowsPath });
  });

  it('there is one of every scenario', () => {
    const names = files.map((file) => file.replace(/\.json$/, ''));
    expect(names).toEqual(expect.arrayContaining([...Object.keys(SCENARIOS), 'continued-as-new']));
  });

  it.each(files)('%s replays on the workflow as it is now', async (file) => {
    const { workflowId, history } = await read(file);
    const replay = Worker.runReplayHistory({ workflowBundle }, history, workflowId);
    await expect(replay).resolves.toBeUndefined();
  });

  it('of another workflow does not replay', async () => {
    const { workflowId, history } = await read('provisioned.json');
    const text = JSON.stringify(history).replaceAll('"placeOrder"', '"placeTwoOrders"');
    const replay = Worker.runReplayHistory({ workflowBundle }, JSON.parse(text), workflowId);
    await expect(replay).rejects.toThrow(/placeTwoOrders|determinis/i);
  });
});

async function read(file: string): Promise<z.infer<typeof recordSchema>> {
  return recordSchema.parse(JSON.parse(await readFile(new URL(file, folder), 'utf8')));
}
