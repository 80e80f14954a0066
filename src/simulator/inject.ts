import { setTimeout as sleep } from 'node:timers/promises';
import { jsonAnswer, type Answer } from './answer.js';
import type { DamagedBody } from './damage.js';
import type { FaultAction } from './faults.js';
import type { Portal } from './portal.js';

type AnswerAction = Extract<FaultAction, { do: 'answer' }>;

/** A call's outcome: an answer, or none because the socket is to be destroyed. */
type Outcome = Answer | 'dropped';

/** What faults change in the work of a call itself. */
export interface Alteration {
  /** For how long its order is hidden. */
  readonly hideForMs: number;
  /** By how much its token ends early. */
  readonly skewMs: number;
  /** The status that its order says. */
  readonly status: string | undefined;
}

/** Does the work of a call with its faults before and after it. When stopped, a delayed call is dropped. */
export async function inject(
  actions: readonly FaultAction[],
  portal: Pick<Portal, 'stopped' | 'tokens'>,
  work: (alteration: Alteration) => Promise<Answer>,
): Promise<Outcome> {
  const early = await carryOut(actions, 'before', portal);
  if (early !== undefined) return early;
  const answer = await work(alterationOf(actions));
  return (await carryOut(actions, 'after', portal)) ?? answer;
}

/** How the body of a call's answer is to arrive, if damaged. */
export function damageOf(actions: readonly FaultAction[]): DamagedBody | undefined {
  return actions.find((action) => action.do === 'damage')?.body;
}

function alterationOf(actions: readonly FaultAction[]): Alteration {
  return {
    hideForMs: Math.max(0, ...actions.map((action) => (action.do === 'hide' ? action.forMs : 0))),
    skewMs: Math.max(0, ...actions.map((action) => (action.do === 'skew' ? action.ms : 0))),
    status: actions.find((action) => action.do === 'status')?.status,
  };
}

async function carryOut(
  actions: readonly FaultAction[],
  when: 'before' | 'after',
  { stopped, tokens }: Pick<Portal, 'stopped' | 'tokens'>,
): Promise<Outcome | undefined> {
  for (const action of actions) {
    if (!('when' in action) || action.when !== when) continue;
    if (action.do === 'drop') return 'dropped';
    if (action.do === 'answer') return answerOf(action);
    if (action.do === 'revoke') tokens.revokeAll();
    else if (!(await waited(action.ms, stopped))) return 'dropped';
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
