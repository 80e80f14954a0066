import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { GRPC, grpcCode } from '../../temporal/grpc.js';
import { QUEUE_KINDS } from '../../temporal/queue-kinds.js';
import { millisecondsOf } from '../proto.js';
import { judgeClock } from './clock.js';
import { notChecked } from './finding.js';

/** Nobody puts work here. */
const QUEUE = { name: 'marketplace-doctor' };
/** How long a poll is left waiting at most, and how often it is looked for, in milliseconds. */
const POLL_MS = 8_000;
const LOOK_MS = 50;

/**
 * The server's time. No call tells it, but the server notes when a poller came: so one comes, to a task queue on
 * which there is never any work.
 */
export async function temporalClock(client: Client) {
  const identity = `marketplace-doctor-${randomUUID()}`;
  const leave = new AbortController();
  const before = Date.now();
  const poll = client.connection.withAbortSignal(leave.signal, () =>
    client.connection.withDeadline(before + POLL_MS, () =>
      client.workflowService.pollActivityTaskQueue({
        namespace: client.options.namespace,
        taskQueue: QUEUE,
        identity,
      }),
    ),
  );
  const ended = poll.then(
    () => undefined,
    (error: unknown) => error,
  );
  try {
    const theirs = await Promise.race([noted(client, identity, before + POLL_MS), refused(ended)]);
    if (theirs === undefined)
      return notChecked("this connection may not poll, and nothing else tells the server's time");
    return judgeClock("Temporal's", { before, theirs, after: Date.now(), resolutionMs: 0 });
  } finally {
    leave.abort();
    await ended;
  }
}

/** When the server saw the poller come. */
async function noted(client: Client, identity: string, giveUpAt: number): Promise<number | undefined> {
  while (Date.now() < giveUpAt) {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: QUEUE,
      taskQueueType: QUEUE_KINDS.activity,
    });
    const ours = pollers.find((poller) => poller.identity === identity);
    if (ours) return millisecondsOf(ours.lastAccessTime);
    await delay(LOOK_MS);
  }
  return undefined;
}

/** Settles only when the server does not let us poll. */
async function refused(ended: Promise<unknown>): Promise<undefined> {
  const error = await ended;
  if (grpcCode(error) === GRPC.permissionDenied) return undefined;
  return new Promise(() => undefined);
}
