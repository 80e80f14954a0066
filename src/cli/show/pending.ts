import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { decodeFirst } from '../../client/decode-payloads.js';
import { isoOf } from '../proto.js';

/** An activity that has not ended: it runs, or waits to be tried again. */
export interface PendingActivity {
  readonly activity: string;
  /** `scheduled`: it waits for a worker, or for its next try. */
  readonly state: 'scheduled' | 'started' | 'cancel requested' | 'paused';
  readonly attempt: number;
  /** Absent: it is tried for ever. */
  readonly maximumAttempts?: number;
  readonly nextTryAt?: string;
  readonly worker?: string;
  readonly lastFailure?: { readonly type: string; readonly message: string };
}

type RawActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];
type RawFailure = NonNullable<RawActivity['lastFailure']>;

/** `PendingActivityState` of Temporal's API, by number. */
const STATES: Readonly<Record<number, PendingActivity['state']>> = {
  1: 'scheduled',
  2: 'started',
  3: 'cancel requested',
  4: 'paused',
};

/** The activities of a run that have not ended. */
export function pendingActivitiesIn(
  client: Client,
  { raw }: WorkflowExecutionDescription,
): Promise<PendingActivity[]> {
  const activities = raw.pendingActivities ?? [];
  return Promise.all(activities.map((activity) => pendingActivity(client, activity)));
}

async function pendingActivity(client: Client, activity: RawActivity): Promise<PendingActivity> {
  const { attempt, maximumAttempts, lastFailure, lastWorkerIdentity: worker } = activity;
  const state = STATES[activity.state ?? 0] ?? 'scheduled';
  const nextTryAt = state === 'scheduled' ? isoOf(activity.nextAttemptScheduleTime) : undefined;
  return {
    activity: activity.activityType?.name ?? 'unknown',
    state,
    attempt: attempt ?? 1,
    ...(maximumAttempts && { maximumAttempts }),
    ...(nextTryAt !== undefined && { nextTryAt }),
    ...(worker && { worker }),
    ...(lastFailure && {
      lastFailure: { type: typeOf(lastFailure), message: await messageOf(client, lastFailure) },
    }),
  };
}

/** A failure's message, which may be encrypted. What cannot be read says so in Temporal's own words. */
async function messageOf(client: Client, { message, encodedAttributes }: RawFailure): Promise<string> {
  const otherwise = message ?? '';
  if (!encodedAttributes) return otherwise;
  try {
    const attributes = await decodeFirst(client, [encodedAttributes]);
    return String(Reflect.get(Object(attributes), 'message') ?? otherwise);
  } catch {
    return otherwise;
  }
}

/** The failure's type: the one it was given, or its kind. */
function typeOf(failure: RawFailure): string {
  if (failure.applicationFailureInfo) return failure.applicationFailureInfo.type || 'ApplicationFailure';
  if (failure.timeoutFailureInfo) return 'Timeout';
  if (failure.canceledFailureInfo) return 'Canceled';
  return 'Failure';
}
