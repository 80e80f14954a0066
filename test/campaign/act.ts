import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowNotFoundError, WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Order } from '../../src/contract/index.js';
import {
  amendOrderUpdate,
  cancelPurchaseUpdate,
  cancelSignal,
  orderPlacedUpdate,
  pollSignal,
  retrySignal,
  statusQuery,
} from '../../workflows/messages.js';
import type { PurchaseWorkflow } from '../../workflows/purchase.js';
import { amended } from './customer.js';
import type { Answer } from './evidence.js';
import type { Action } from './script.js';

/** How long an update may take to be accepted before what was interrupted goes on, in milliseconds. */
const ACCEPTED_MS = 1_000;

/** How long an answer may take when all is over, in milliseconds. */
const UNANSWERED_MS = 3_000;

/** What somebody acts upon. */
export interface Target {
  readonly order: Order;
  readonly handle: WorkflowHandle<typeof PurchaseWorkflow>;
  /** The subscription numbers of the orders that exist at the portal. */
  readonly numbers: readonly string[];
  startAgain(): Promise<void>;
  revokeTokens(): void;
  endTroubles(): void;
  jump(ms: number): Promise<void>;
}

/** An answer, or why there was none. */
export interface Outcome {
  readonly value?: unknown;
  readonly failure?: { readonly type: string; readonly message: string };
}

/** A message that is answered some time. */
export interface Sent {
  readonly to: string;
  readonly answer: Promise<Outcome>;
  /** The orders that existed when it was sent. */
  readonly ordersBefore: number;
}

/** Messages of a wrong shape; each must be refused or mean as much as an empty one. */
const GARBAGE: readonly ((handle: WorkflowHandle) => Promise<unknown>)[] = [
  (handle) => handle.signal('poll', { x: [1] }),
  (handle) => handle.signal('retry', 'now', 2, null),
  (handle) => handle.signal('noSuchSignal', 1),
  (handle) => handle.executeUpdate('orderPlaced', { args: ['10s'] }),
  (handle) => handle.executeUpdate('orderPlaced', { args: [{ within: -1, order: [] }] }),
  (handle) => handle.executeUpdate('amendOrder', { args: [null] }),
  (handle) => handle.executeUpdate('amendOrder', { args: [{ externalSubscriptionId: 5 }] }),
  (handle) => handle.query('noSuchQuery'),
];

/** Does something to a purchase. Returns as soon as the purchase has it; an answer comes later. */
export async function act(target: Target, action: Action): Promise<Sent | undefined> {
  const { handle, order } = target;
  switch (action.do) {
    case 'cancelSignal':
      return ignoringEnd(handle.signal(cancelSignal, { reason: 'the campaign' }));
    case 'temporalCancel':
      return ignoringEnd(handle.cancel());
    case 'poll':
      return ignoringEnd(handle.signal(pollSignal));
    case 'mend':
      target.endTroubles();
      return ignoringEnd(handle.signal(retrySignal));
    case 'retry':
      return ignoringEnd(handle.signal(retrySignal));
    case 'startAgain':
      return ignoringEnd(target.startAgain());
    case 'revokeTokens':
      target.revokeTokens();
      return undefined;
    case 'jump':
      await target.jump(action.ms);
      return undefined;
    case 'loseWorker':
      return undefined;
    case 'status':
      return ignoringEnd(handle.query(statusQuery));
    case 'garbage':
      return ignoringEnd(bounded(GARBAGE[action.nth % GARBAGE.length]?.(handle)));
    case 'cancelUpdate':
      return sent(target, 'cancelUpdate', () =>
        handle.startUpdate(cancelPurchaseUpdate, {
          args: [{ reason: 'the campaign' }],
          waitForStage: 'ACCEPTED',
        }),
      );
    case 'amend':
      return sent(target, 'amend', () =>
        handle.startUpdate(amendOrderUpdate, { args: [amended(order)], waitForStage: 'ACCEPTED' }),
      );
    case 'orderPlaced': {
      const asked = { none: undefined, same: order, other: { ...order, note: 'another order' } }[
        action.order
      ];
      const request = {
        ...(asked !== undefined && { order: asked }),
        ...(action.within !== undefined && { within: action.within }),
      };
      return sent(target, `orderPlaced ${action.order}`, () =>
        handle.startUpdate(orderPlacedUpdate, { args: [request], waitForStage: 'ACCEPTED' }),
      );
    }
  }
}

/** What a message was answered, or that it was not, when all is over. */
export async function answerTo(
  { to, answer, ordersBefore }: Sent,
  { numbers }: Pick<Target, 'numbers'>,
): Promise<Answer> {
  const unanswered = { failure: { type: 'unanswered', message: 'although all was over' } };
  const settled = await Promise.race([answer, pause(UNANSWERED_MS, unanswered, { ref: false })]);
  return { to, ...settled, ordersBefore, ordersAfter: numbers };
}

async function sent(
  { numbers }: Target,
  to: string,
  send: () => Promise<{ result: () => Promise<unknown> }>,
): Promise<Sent> {
  const ordersBefore = numbers.length;
  const accepted = send();
  const answer = accepted.then((update) => update.result()).then((value) => ({ value }), failed);
  await Promise.race([accepted.catch(() => undefined), pause(ACCEPTED_MS)]);
  return { to, answer, ordersBefore };
}

function failed(error: unknown): Outcome {
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : error;
  const message = cause instanceof Error ? cause.message : String(cause);
  return { failure: { type: typeOf(cause), message } };
}

function typeOf(cause: unknown): string {
  if (cause instanceof WorkflowNotFoundError) return 'NotFound';
  if (cause instanceof ApplicationFailure) return cause.type ?? 'ApplicationFailure';
  return cause instanceof Error ? cause.name : 'unknown';
}

/** A message to a purchase that has just ended is nobody's fault. */
async function ignoringEnd(message: Promise<unknown>): Promise<undefined> {
  await message.catch(() => undefined);
}

async function bounded(message: Promise<unknown> | undefined): Promise<void> {
  await Promise.race([message?.catch(() => undefined), pause(ACCEPTED_MS)]);
}
