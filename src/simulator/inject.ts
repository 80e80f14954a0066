import { setTimeout as sleep } from 'node:timers/promises';
import { jsonAnswer, type Answer } from './answer.js';
import type { FaultAction } from './faults.js';

type AnswerAction = Extract<FaultAction, { do: 'answer' }>;

/** A call's outcome: an answer, or none because the socket is to be destroyed. */
type Outcome = Answer | 'dropped';

/** Does the work of a call with its faults before and after it. When `stopped`, a delayed call is dropped. */
export async function inject(
  actions: readonly FaultAction[],
  stopped: AbortSignal,
  work: () => Promise<Answer>,
): Promise<Outcome> {
  const early = await carryOut(actions, 'before', stopped);
  if (early !== undefined) return early;
  const answer = await work();
  return (await carryOut(actions, 'after', stopped)) ?? answer;
}

/** For how long the actions hide the call's order. */
export function hideForMs(actions: readonly FaultAction[]): number {
  return Math.max(0, ...actions.map((action) => (action.do === 'hide' ? action.forMs : 0)));
}

async function carryOut(
  actions: readonly FaultAction[],
  when: 'before' | 'after',
  stopped: AbortSignal,
): Promise<Outcome | undefined> {
  for (const action of actions) {
    if (action.do === 'hide' || action.when !== when) continue;
    if (action.do === 'drop') return 'dropped';
    if (action.do === 'answer') return answerOf(action);
    if (!(await waited(action.ms, stopped))) return 'dropped';
  }
  return undefined;
}

function answerOf({ status, headers = {}, body, contentType }: AnswerAction): Answer {
  const isText = body === undefined || typeof body === 'string';
  const answer = isText
    ? { status, headers: body === undefined ? {} : { 'content-type': 'text/plain' }, text: body ?? '' }
    : jsonAnswer(status, body);
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  const type = contentType === undefined ? {} : { 'content-type': contentType };
  return { ...answer, headers: { ...answer.headers, ...Object.fromEntries(given), ...type } };
}

/** Whether the time passed, rather than the simulator being closed. */
async function waited(ms: number, stopped: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal: stopped });
    return true;
  } catch {
    return false;
  }
}
