import type { Client } from '@temporalio/client';
import { quoted } from '../../contract/visibility.js';
import { GRPC, grpcCode } from '../../temporal/grpc.js';
import { describeQueue } from '../pollers.js';
import { oneLine } from '../sanitize.js';
import { good, notChecked, warn } from './finding.js';

/** More workers than these are not looked at. */
const MOST_WORKERS = 100;
/** Enough of a hash to tell builds apart. */
const SHOWN_HASH = 8;

/** Which SDK and which build the workers of a task queue run. */
export async function workerBuilds(client: Client, taskQueue: string) {
  const builds = (await heartbeats(client, taskQueue)) ?? (await fromPollers(client, taskQueue));
  const [only, ...others] = new Set(builds);
  if (only === undefined) return notChecked('no worker tells what it runs');
  if (others.length === 0) return good(`all run ${only}`);
  return warn(
    `${others.length + 1} builds at once: ${[only, ...others].join('; ')}`,
    'While a new build is rolled out, that is as it should be; afterwards, stop the old workers.',
  );
}

/** What running workers say of themselves; `undefined` where the server keeps no such record. */
async function heartbeats(client: Client, taskQueue: string): Promise<string[] | undefined> {
  try {
    const { workersInfo } = await client.workflowService.listWorkers({
      namespace: client.options.namespace,
      pageSize: MOST_WORKERS,
      query: `TaskQueue = ${quoted(taskQueue)} AND Status = 'Running'`,
    });
    const builds = workersInfo.flatMap(({ workerHeartbeat: beat }) => {
      if (!beat) return [];
      const buildId = beat.deploymentVersion?.buildId;
      return [`${oneLine(beat.sdkName ?? '')} ${oneLine(beat.sdkVersion ?? '')}${buildText(buildId)}`];
    });
    return builds.length === 0 ? undefined : builds;
  } catch (error) {
    // Such as an older server, or one that takes no such query.
    if (grpcCode(error) === GRPC.unimplemented || grpcCode(error) === GRPC.invalidArgument) return undefined;
    throw error;
  }
}

async function fromPollers(client: Client, taskQueue: string): Promise<string[]> {
  const { pollers } = await describeQueue(client, taskQueue, 'workflow');
  return pollers.flatMap(({ buildId }) => (buildId === undefined ? [] : [`build ${shortBuild(buildId)}`]));
}

function buildText(buildId: string | null | undefined): string {
  return buildId ? `, build ${shortBuild(buildId)}` : '';
}

/** The SDK's own build IDs end in a long hash of the code. */
function shortBuild(buildId: string): string {
  return oneLine(buildId).replace(/\b([\da-f]{40,})\b/, (hash) => hash.slice(0, SHOWN_HASH));
}
