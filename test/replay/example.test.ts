import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { createActivities } from '../../activities/index.js';
import { anInput } from '../helpers/orders.js';
import { useRig } from '../helpers/use-rig.js';
import { quietRuntime, startDevEnvironment } from '../helpers/temporal.js';
import { HISTORIES, readHistory } from './histories.js';

/** CONTRIBUTING, "Changing the workflow": what it says is shown here. */

const bundle = (file: string) =>
  bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL(`./example/${file}.ts`, import.meta.url)) });

async function replay(workflowBundle: WorkflowBundleWithSourceMap, file: string): Promise<void> {
  const { workflowId, history } = await readHistory(file);
  await Worker.runReplayHistory({ workflowBundle }, history, workflowId);
}

describe('a new step in the workflow', () => {
  let careless: WorkflowBundleWithSourceMap;
  let careful: WorkflowBundleWithSourceMap;
  beforeAll(async () => {
    quietRuntime();
    careless = await bundle('careless');
    careful = await bundle('careful');
  });

  it.each(HISTORIES)('that is just written down breaks %s', async (file) => {
    await expect(replay(careless, file)).rejects.toThrow(/nondeterminism/i);
  });

  it.each(HISTORIES)('behind patched() leaves %s as it was', async (file) => {
    await expect(replay(careful, file)).resolves.toBeUndefined();
  });

  describe('behind patched()', () => {
    const at = useRig(startDevEnvironment);

    it('is taken by purchases that begin with it, whose histories replay too', async () => {
      const taskQueue = `${at.rig.taskQueue}-careful`;
      const worker = await Worker.create({
        connection: at.env.nativeConnection,
        namespace: 'default',
        taskQueue,
        workflowBundle: careful,
        activities: createActivities(at.rig.portal),
      });
      const handle = await at.rig.begin(anInput(), { taskQueue });
      await worker.runUntil(handle.result());
      const history = await handle.fetchHistory();
      const first = history.events?.find((event) => event.timerStartedEventAttributes);
      expect(Number(first?.timerStartedEventAttributes?.startToFireTimeout?.seconds)).toBe(1);
      await expect(
        Worker.runReplayHistory({ workflowBundle: careful }, history, handle.workflowId),
      ).resolves.toBeUndefined();
    });
  });
});
