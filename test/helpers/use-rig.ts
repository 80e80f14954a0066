import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll } from 'vitest';
import { Rig, type RigOptions } from './rig.js';

/** A rig for all tests of a `describe`, over a server of its own. It is there once the first test runs. */
export function useRig(
  startEnvironment: () => Promise<TestWorkflowEnvironment>,
  options: RigOptions | ((env: TestWorkflowEnvironment) => RigOptions) = {},
): { readonly rig: Rig; readonly env: TestWorkflowEnvironment } {
  let rig: Rig | undefined;
  beforeAll(async () => {
    const env = await startEnvironment();
    rig = await Rig.start(env, typeof options === 'function' ? options(env) : options);
  });
  afterAll(async () => {
    await rig?.stop();
    await rig?.env.teardown();
  });
  const started = (): Rig => {
    if (rig === undefined) throw new Error('the rig is there only within a test');
    return rig;
  };
  return {
    get rig() {
      return started();
    },
    get env() {
      return started().env;
    },
  };
}
