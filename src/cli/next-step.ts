import type { KnownStatus } from '../client/index.js';
import type { PurchasePhase } from '../contract/index.js';
import { relative } from './text.js';

/** What is done at the next call to the portal, by phase. */
const NEXT: Partial<Record<PurchasePhase, string>> = { Placing: 'next try', Confirming: 'looked for again' };

/** What the next call to the portal is called. */
export function nextLabel(phase: PurchasePhase): string {
  return NEXT[phase] ?? 'next poll';
}

/** When the portal is called next: `next poll in 4s`; `undefined` when nothing waits for that. */
export function nextCall({ phase, nextPollAt }: KnownStatus, now: number): string | undefined {
  if (nextPollAt === undefined || Date.parse(nextPollAt) <= now) return undefined;
  return `${nextLabel(phase)} ${relative(nextPollAt, now)}`;
}

/** What a phase means that does not explain itself. */
export function meaningOf(phase: PurchasePhase): string | undefined {
  if (phase === 'Placing') return PLACING;
  return phase === 'Confirming' ? 'whether the order was placed is being found out' : undefined;
}

const PLACING =
  'the order is being placed; a portal in trouble is tried for two hours (ten minutes if it refuses the credentials), then a person is asked';
