import { expect } from 'vitest';
import { PurchaseCancelledError } from '../../src/client/index.js';
import type { Order } from '../../src/contract/index.js';
import type { Fault } from '../../src/simulator/index.js';
import { anOrder, QUICK } from '../helpers/orders.js';
import { kept } from '../helpers/worker-stage.js';
import { NOT_PLACED, ONE_ORDER, type Ending } from '../helpers/worker-truth.js';
import { isAway, type StackRig } from './rig.js';

/** A purchase that was brought to its phase. */
export interface Brought {
  readonly order: Order;
  /** Done while what was killed is away. */
  readonly meanwhile?: () => Promise<void> | void;
  /** Done when it is back. */
  readonly after?: () => Promise<void>;
  /** What somebody waits for all the time. */
  readonly answer?: ReturnType<typeof kept>;
  /** Asks again, if the server was away for longer than the question lasted. */
  readonly askAgain?: () => Promise<unknown>;
}

/** A phase in which a purchase may be when something is killed, and how it has to end all the same. */
interface Phase {
  readonly title: string;
  readonly bring: (rig: StackRig) => Promise<Brought>;
  readonly ending: Partial<Ending>;
  readonly answer?: object;
}

const SETTLING = { initialInterval: '1s', maximumInterval: '2s', window: '25s' };
const LAG_MS = 10_000;

/** A trading partner whom the portal asks to wait. */
export const AWAY = '0019900000AwAyZ';

const ONCE = { ...ONE_ORDER, posts: 1 } as const;
const TWICE = { ...ONE_ORDER, posts: 2 } as const;

export const PHASES: readonly Phase[] = [
  {
    title: 'whose POST is answered meanwhile',
    bring: async (rig) => {
      const { order, call } = await holding(rig, 'answered');
      return { order, meanwhile: () => call.release() };
    },
    ending: ONCE,
  },
  {
    title: 'whose POST is taken meanwhile',
    bring: async (rig) => {
      const { order, call } = await holding(rig, 'asked');
      return { order, meanwhile: () => call.release() };
    },
    ending: ONCE,
  },
  {
    title: 'whose POST is answered afterwards',
    bring: async (rig) => {
      const { order, call } = await holding(rig, 'answered');
      return { order, after: () => call.release() };
    },
    ending: ONCE,
  },
  {
    title: 'that confirms an order which the portal does not show yet',
    bring: async (rig) => {
      const order = await broken(rig, 'place', [
        { do: 'hide', forMs: LAG_MS },
        { do: 'drop', when: 'after' },
      ]);
      await rig.until(order, ({ phase }) => phase === 'Confirming');
      return { order };
    },
    ending: ONCE,
  },
  {
    title: 'that confirms an order which does not exist',
    bring: async (rig) => {
      const order = await broken(rig, 'place', { do: 'drop', when: 'before' });
      await rig.until(order, ({ phase }) => phase === 'Confirming');
      return { order };
    },
    ending: TWICE,
  },
  {
    title: 'that waits to poll',
    bring: async (rig) => {
      const order = anOrder();
      rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
      await rig.begin(order, { polling: { initialInterval: '3s', maximumInterval: '3s', deadline: '1d' } });
      await rig.until(order, ({ nextPollAt, phase }) => phase === 'Provisioning' && nextPollAt !== undefined);
      return { order, meanwhile: () => rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned') };
    },
    ending: ONCE,
  },
  {
    title: 'that waits for the portal',
    bring: async (rig) => {
      const away = {
        do: 'answer',
        when: 'before',
        status: 503,
        headers: { 'Retry-After': '15' },
      } as const;
      // A client of its own: the portal asks all calls of a client to wait.
      const order = await broken(rig, 'find', away, { tradingPartnerId: AWAY });
      await rig.until(order, ({ lastError }) => lastError?.type === 'PortalUnavailable');
      return { order };
    },
    ending: ONCE,
  },
  {
    title: 'that is parked, until a person acts',
    bring: async (rig) => {
      const refusal = { do: 'answer', when: 'before', status: 422, body: { error: 'not today' } } as const;
      const order = await broken(rig, 'place', refusal);
      const isParked = ({ phase }: { readonly phase: string }) => phase === 'ActionRequired';
      await rig.until(order, isParked);
      const after = async () => {
        await rig.until(order, isParked);
        await rig.purchases.retry(order);
      };
      return { order, after };
    },
    ending: TWICE,
  },
  {
    title: 'whose caller waits for the number',
    bring: async (rig) => {
      const order = anOrder();
      const call = rig.proxy.hold({ method: 'POST', about: order.externalSubscriptionId, until: 'answered' });
      const askAgain = () =>
        rig.purchases.purchase(order, { options: { ...QUICK, settling: SETTLING }, within: '5m' });
      const answer = kept(askAgain());
      await call.held;
      return { order, answer, askAgain, after: () => call.release() };
    },
    ending: ONCE,
    answer: { subscriptionNumber: expect.any(String) },
  },
  {
    title: 'whose caller waits for the effect of a cancellation',
    bring: async (rig) => {
      const order = await broken(rig, 'place', { do: 'drop', when: 'before' });
      await rig.until(order, ({ phase }) => phase === 'Confirming');
      const answer = kept(rig.purchases.cancel(order, { within: '5m' }));
      await rig.until(order, ({ cancellation }) => cancellation?.via === 'update');
      return { order, answer, askAgain: () => effectByItsEnd(rig, order) };
    },
    ending: { ...NOT_PLACED, posts: 1 },
    answer: { effect: 'not-placed' },
  },
];

/**
 * What somebody who waits is told. A caller whose server is away for longer than a client tries is told that, and
 * asks again.
 */
export async function answerTo({ answer, askAgain }: Brought): Promise<unknown> {
  const told = await answer;
  if (told === undefined) return undefined;
  if ('value' in told) return told.value;
  if (!isAway(told.error)) throw told.error;
  return await askAgain?.();
}

async function effectByItsEnd(rig: StackRig, order: Order): Promise<object> {
  const end = await kept(rig.purchases.waitForResult(order));
  const wasNotPlaced =
    'error' in end &&
    end.error instanceof PurchaseCancelledError &&
    end.error.subscriptionNumber === undefined;
  return wasNotPlaced ? { effect: 'not-placed' } : end;
}

async function holding(rig: StackRig, until: 'asked' | 'answered') {
  const order = anOrder();
  const call = rig.proxy.hold({ method: 'POST', about: order.externalSubscriptionId, until });
  await rig.begin(order, { settling: SETTLING });
  await call.held;
  return { order, call };
}

async function broken(
  rig: StackRig,
  call: 'place' | 'find',
  then: Fault['then'],
  changes: Partial<Order> = {},
): Promise<Order> {
  const order = anOrder(changes);
  const { externalSubscriptionId } = order;
  rig.simulator.addFault({ call, externalSubscriptionId, then });
  return await rig.begin(order, { settling: SETTLING, onRejected: 'park' });
}
