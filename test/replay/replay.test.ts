import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { quietRuntime } from '../helpers/temporal.js';
import { HISTORIES, readHistory } from './histories.js';
import { SCENARIOS } from './scenarios.js';

const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));

describe('a history that was recorded', () => {
  let workflowBundle: WorkflowBundleWithSourceMap;
  beforeAll(async () => {
    quietRuntime();
    workflowBundle = await bundleWorkflowCode({ workflowsPath });
  });

  it('there is one of every scenario', () => {
    const names = HISTORIES.map((file) => file.replace(/\.json$/, ''));
    expect(names).toEqual(expect.arrayContaining([...Object.keys(SCENARIOS), 'continued-as-new']));
  });

  it.each(HISTORIES)('%s replays on the workflow as it is now', async (file) => {
    const { workflowId, history } = await readHistory(file);
    const replay = Worker.runReplayHistory({ workflowBundle }, history, workflowId);
    await expect(replay).resolves.toBeUndefined();
  });

  it('of another workflow does not replay', async () => {
    const { workflowId, history } = await readHistory('provisioned.json');
    const text = JSON.stringify(history).replaceAll('"placeOrder"', '"placeTwoOrders"');
    const replay = Worker.runReplayHistory({ workflowBundle }, JSON.parse(text), workflowId);
    await expect(replay).rejects.toThrow(/placeTwoOrders|determinis/i);
  });
});
