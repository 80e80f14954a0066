import { unlessAborted } from '../abort.js';
import { reportOf } from '../errors.js';

/** What one check came to. */
export interface Finding {
  /** What was checked, by a name that does not change. */
  readonly check: CheckName;
  readonly state: 'good' | 'warn' | 'bad' | 'not checked';
  /** What was found; why it was not checked. */
  readonly message: string;
  /** What to do. */
  readonly hint?: string;
}

export type CheckName =
  | 'temporal'
  | 'namespace'
  | 'search attributes'
  | 'workflow workers'
  | 'activity workers'
  | 'worker builds'
  | 'backlog'
  | 'clock, Temporal'
  | 'portal'
  | 'clock, portal'
  | 'token, read'
  | 'token, create'
  | 'portal calls'
  | 'circuit'
  | 'pauses'
  | 'credentials'
  | 'codec keys';

type Found = Omit<Finding, 'check'>;

/** How long one check may take, in milliseconds. */
const CHECK_MS = 10_000;

export function good(message: string): Found {
  return { state: 'good', message };
}

export function warn(message: string, hint: string): Found {
  return { state: 'warn', message, hint };
}

export function bad(message: string, hint?: string): Found {
  return { state: 'bad', message, ...(hint !== undefined && { hint }) };
}

export function notChecked(message: string): Found {
  return { state: 'not checked', message };
}

/** Does one check, in bounded time: what goes wrong with it is what it finds. */
export async function check(name: CheckName, look: () => Promise<Found> | Found): Promise<Finding> {
  const time = AbortSignal.timeout(CHECK_MS);
  try {
    return { check: name, ...(await unlessAborted(async () => look(), time)) };
  } catch (error) {
    if (time.aborted) return { check: name, ...bad(`no answer within ${CHECK_MS / 1_000}s`) };
    const { message, hint } = reportOf(error);
    return { check: name, ...bad(message, hint) };
  }
}
