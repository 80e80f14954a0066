import type { PurchaseReport, RunStatus } from '../client/index.js';
import type { PurchasePhase } from '../contract/index.js';
import { paintPhase, type Style } from './style.js';

/** Whether nothing more will happen. */
export function hasEnded({ runStatus }: Pick<PurchaseReport, 'runStatus'>): boolean {
  return runStatus !== 'RUNNING' && runStatus !== 'CONTINUED_AS_NEW' && runStatus !== 'PAUSED';
}

/** Whether the run was ended from outside: its phase is only where it was then. */
export function isStopped(runStatus: RunStatus): boolean {
  return runStatus === 'TERMINATED' || runStatus === 'TIMED_OUT';
}

/** A run and its phase, which is absent until a worker first saw it. */
interface Run {
  readonly runStatus: RunStatus;
  readonly phase?: PurchasePhase;
}

const OPEN: ReadonlySet<PurchasePhase | undefined> = new Set([
  'Placing',
  'Confirming',
  'Provisioning',
  'ActionRequired',
  undefined,
]);

/** Whether a run ended while its purchase had still a way to go. */
function isCutOff(run: Run): boolean {
  return hasEnded(run) && OPEN.has(run.phase);
}

/** Where a purchase stands: `Provisioning`, or `Terminated (was Provisioning)` when its run was cut off. */
export function standing(run: Run): string {
  const { runStatus, phase = 'not begun' } = run;
  if (runStatus === 'RUNNING') return phase;
  const word = runStatus.toLowerCase().replaceAll('_', ' ');
  if (isCutOff(run)) return `${word.slice(0, 1).toUpperCase()}${word.slice(1)} (was ${phase})`;
  return hasEnded(run) ? phase : `${phase} (${word})`;
}

/** The colour of where a purchase stands. */
export function paintStanding(style: Style, run: Run): (text: string) => string {
  return isCutOff(run) ? style.red : paintPhase(style, run.phase);
}
