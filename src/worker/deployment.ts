import type { WorkerDeploymentOptions } from '@temporalio/worker';

/** What a deployment's name may not have (".", ":"), or a shell would take apart. */
const UNFIT = /[^\w-]/g;

/** The name of the deployment of a task queue's workers: one for each queue, so that each is rolled out by itself. */
function deploymentName(taskQueue: string): string {
  return taskQueue.replace(UNFIT, '-');
}

/**
 * A purchase moves on to the current version at its next step, wherever it stands. Pinned to the build that
 * began it, it would need workers of that build for months, and no correction would reach it. That new code can
 * carry on what old code began is what the replay tests hold.
 */
export function deploymentOptions(taskQueue: string, buildId: string): WorkerDeploymentOptions {
  return {
    useWorkerVersioning: true,
    version: { deploymentName: deploymentName(taskQueue), buildId },
    defaultVersioningBehavior: 'AUTO_UPGRADE',
  };
}

/** The command that lets a version have work: until then Temporal gives it none. */
export function setCurrentCommand(taskQueue: string, buildId: string, namespace: string): string {
  const version = `--deployment-name ${deploymentName(taskQueue)} --build-id ${buildId}`;
  return `temporal worker deployment set-current-version ${version} --namespace ${namespace}`;
}
