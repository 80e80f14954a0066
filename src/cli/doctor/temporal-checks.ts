import type { Client } from '@temporalio/client';
import { formatDuration, SEARCH_ATTRIBUTES } from '../../contract/index.js';
import { GRPC, grpcCode } from '../../temporal/grpc.js';
import { isUnregistered } from '../errors.js';
import { WORKER_HINT } from '../hints.js';
import { describeQueue, lastAskedAt, type QueueReport } from '../pollers.js';
import { oneLine } from '../sanitize.js';
import { relative } from '../text.js';
import { bad, check, good, notChecked, warn, type Finding } from './finding.js';
import { temporalClock } from './temporal-clock.js';
import { workerBuilds } from './worker-builds.js';

/** What is asked of the Temporal server. */
export interface TemporalScope {
  readonly client: Client;
  readonly address: string;
  readonly taskQueue: string;
}

/** Whether Temporal has what purchases need, and whether workers serve it. */
export async function checkTemporal(scope: TemporalScope): Promise<Finding[]> {
  const { client, address, taskQueue } = scope;
  const queues = {
    workflow: describeQueue(client, taskQueue, 'workflow'),
    activity: describeQueue(client, taskQueue, 'activity'),
  };
  // Each is waited for below; one that fails first must not end the process.
  for (const queue of Object.values(queues)) queue.catch(() => undefined);
  return Promise.all([
    check('temporal', () => reach(client, address)),
    check('namespace', () => namespace(client)),
    check('search attributes', () => searchAttributes(client)),
    check('workflow workers', async () => workers('workflow', await queues.workflow, taskQueue)),
    check('activity workers', async () => workers('activity', await queues.activity, taskQueue)),
    check('worker builds', () => workerBuilds(client, taskQueue)),
    check('backlog', async () => backlog(await queues.workflow, await queues.activity)),
    check('clock, Temporal', () => temporalClock(client)),
  ]);
}

async function reach(client: Client, address: string) {
  const { serverVersion } = await client.workflowService.getSystemInfo({});
  return good(`the server at ${oneLine(address)} answers, version ${oneLine(serverVersion || 'untold')}`);
}

async function namespace({ workflowService, options }: Client) {
  const { config } = await workflowService.describeNamespace({ namespace: options.namespace });
  const seconds = Number(String(config?.workflowExecutionRetentionTtl?.seconds ?? 0));
  const kept = seconds > 0 ? `; ended purchases are kept for ${formatDuration(seconds * 1_000)}` : '';
  return good(`"${oneLine(options.namespace)}" is there${kept}`);
}

/** `IndexedValueType` Keyword of Temporal's API. */
const KEYWORD = 2;

async function searchAttributes(client: Client) {
  const names = Object.values(SEARCH_ATTRIBUTES);
  const registered = await registeredTypes(client);
  const wrong = names.filter((name) => ![undefined, KEYWORD].includes(registered?.[name]));
  if (wrong.length > 0) {
    return bad(
      `${wrong.join(', ')} ${wrong.length === 1 ? 'has' : 'have'} another type than Keyword`,
      'A type cannot be changed: rename or remove them, or use a namespace of its own for purchases.',
    );
  }
  const missing: string[] = [];
  for (const name of names) if (!(await isUsable(client, name))) missing.push(name);
  if (missing.length === 0) return good(`${names.join(', ')} are there, and lists find by them`);
  const attributes = missing.map((name) => `--name ${name} --type Keyword`).join(' ');
  const { namespace: space } = client.options;
  return bad(
    `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing, or not visible yet`,
    `Start a worker, which registers them; or: \`temporal operator search-attribute create --namespace ${oneLine(space)} ${attributes}\``,
  );
}

/** The types by name, where this connection may ask for them. */
async function registeredTypes({ connection, options }: Client): Promise<Record<string, number> | undefined> {
  if (!('operatorService' in connection)) return undefined;
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({
      namespace: options.namespace,
    });
    return customAttributes;
  } catch (error) {
    const code = grpcCode(error);
    if (code === GRPC.permissionDenied || code === GRPC.unimplemented) return undefined;
    throw error;
  }
}

async function isUsable({ workflowService, options }: Client, name: string): Promise<boolean> {
  try {
    const query = `${name} = 'none'`;
    await workflowService.listWorkflowExecutions({ namespace: options.namespace, query, pageSize: 1 });
    return true;
  } catch (error) {
    if (isUnregistered(error) || grpcCode(error) === GRPC.invalidArgument) return false;
    throw error;
  }
}

function workers(kind: string, queueReport: QueueReport, taskQueue: string) {
  const { pollers } = queueReport;
  const queue = oneLine(taskQueue);
  if (pollers.length === 0) {
    return bad(`nobody asks the task queue ${queue} for ${kind} tasks: purchases wait`, WORKER_HINT);
  }
  const names = pollers.slice(0, 5).map(({ identity }) => oneLine(identity));
  const more = pollers.length > names.length ? ` and ${pollers.length - names.length} more` : '';
  const serves = pollers.length === 1 ? 'worker serves' : 'workers serve';
  const seen = lastAskedAt(queueReport);
  const age = seen === undefined ? '' : `, asked for work ${relative(seen, Date.now())}`;
  return good(`${pollers.length} ${serves} ${queue}: ${names.join(', ')}${more}${age}`);
}

/** Tasks that wait for longer show that there are too few workers, or none. In milliseconds. */
const LONG_WAIT_MS = 60_000;

function backlog(workflow: QueueReport, activity: QueueReport) {
  if (workflow.backlog === undefined || activity.backlog === undefined)
    return notChecked('this server does not tell');
  const count = workflow.backlog + activity.backlog;
  const age = Math.max(workflow.backlogAgeMs, activity.backlogAgeMs);
  if (count === 0) return good('no task waits for a worker');
  const message = `about ${workflow.backlog} workflow and ${activity.backlog} activity tasks wait, for up to ${formatDuration(age)}`;
  return age < LONG_WAIT_MS
    ? good(message)
    : warn(message, 'Start more workers, or look into what keeps them.');
}
