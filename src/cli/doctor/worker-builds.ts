import type { Client } from '@temporalio/client';
import { quoted } from '../../contract/visibility.js';
import { GRPC, grpcCode } from '../../temporal/grpc.js';
import { describeQueue, type QueueReport } from '../pollers.js';
import { millisecondsOf } from '../proto.js';
import { oneLine } from '../sanitize.js';
import { good, notChecked, warn } from './finding.js';

/** More workers than these are not looked at. */
const MOST_WORKERS = 100;
/** A worker that was not heard of for longer is gone: two heartbeats of the longest interval, in milliseconds. */
const GONE_AFTER_MS = 125_000;
/** Enough of a hash to tell builds apart. */
const SHOWN_HASH = 8;

/** What a worker runs. */
interface Build {
  readonly sdk?: string;
  readonly buildId?: string;
}

/** Which SDK and which build the workers of a task queue run, and whether Temporal gives that build work. */
export async function workerBuilds(client: Client, taskQueue: string) {
  const [told, queue] = await Promise.all([
    heartbeats(client, taskQueue),
    describeQueue(client, taskQueue, 'workflow'),
  ]);
  const [only, ...others] = new Set([...told, ...untold(queue, told)].map(inWords));
  if (only === undefined) return notChecked('no worker tells what it runs');
  const idle = withoutWork(queue);
  if (idle !== undefined) return idle;
  if (others.length === 0) return good(`all run ${only}`);
  return warn(
    `${others.length + 1} builds at once: ${[only, ...others].join('; ')}`,
    'While a new build is rolled out, that is as it should be; afterwards, stop the old workers.',
  );
}

/** What running workers say of themselves; nothing where the server keeps no such record. */
async function heartbeats(client: Client, taskQueue: string): Promise<Build[]> {
  try {
    const { workersInfo } = await client.workflowService.listWorkers({
      namespace: client.options.namespace,
      pageSize: MOST_WORKERS,
      query: `TaskQueue = ${quoted(taskQueue)} AND Status = 'Running'`,
    });
    const goneBefore = Date.now() - GONE_AFTER_MS;
    return workersInfo.flatMap(({ workerHeartbeat: beat }) => {
      if (!beat || (millisecondsOf(beat.heartbeatTime) ?? Infinity) < goneBefore) return [];
      const buildId = beat.deploymentVersion?.buildId;
      return [{ sdk: `${beat.sdkName ?? ''} ${beat.sdkVersion ?? ''}`, ...(buildId && { buildId }) }];
    });
  } catch (error) {
    // Such as an older server, or one that takes no such query.
    if (grpcCode(error) === GRPC.unimplemented || grpcCode(error) === GRPC.invalidArgument) return [];
    throw error;
  }
}

/** A worker that has just started asks for work already, and tells more of itself only later. */
function untold({ pollers }: QueueReport, told: readonly Build[]): Build[] {
  const known = new Set(told.map(({ buildId }) => buildId));
  const news = told.length === 0 ? pollers : pollers.filter(({ isVersioned }) => isVersioned);
  return news.flatMap(({ buildId }) => (buildId === undefined || known.has(buildId) ? [] : [{ buildId }]));
}

/** With versioning, Temporal gives work to the current version only, and to one that is ramped up. */
function withoutWork({ pollers, servedBuilds: { current, ramping } }: QueueReport) {
  const versioned = pollers.filter(({ isVersioned }) => isVersioned);
  // A poller without versioning may be a worker that has just ended.
  if (versioned.length === 0 || versioned.some(({ buildId }) => buildId === (current ?? ramping)))
    return undefined;
  const theirs = [...new Set(versioned.map(({ buildId = '' }) => shortBuild(buildId)))].join(', ');
  const what =
    current === undefined
      ? 'no version is current'
      : `the current version is build ${shortBuild(current)}, which no worker runs`;
  return warn(`${what}: build ${theirs} gets no work`, SET_CURRENT);
}

const SET_CURRENT =
  'Make theirs the current one: the workers print the command (`temporal worker deployment set-current-version …`).';

function inWords({ sdk, buildId }: Build): string {
  const build = buildId === undefined ? [] : [`build ${shortBuild(buildId)}`];
  return [...(sdk === undefined ? [] : [oneLine(sdk)]), ...build].join(', ');
}

/** The SDK's own build IDs end in a long hash of the code. */
function shortBuild(buildId: string): string {
  return oneLine(buildId).replace(/\b([\da-f]{40,})\b/, (hash) => hash.slice(0, SHOWN_HASH));
}
