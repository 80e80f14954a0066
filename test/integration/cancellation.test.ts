import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { describe, expect, it, vi } from 'vitest';
import type { CancelPurchaseAnswer, Order, PurchasePhase, PurchaseStatus } from '../../src/contract/index.js';
import { SCOPES } from '../../src/contract/names.js';
import { PacedTraffic } from '../../src/portal/index.js';
import type { Simulator } from '../../src/simulator/index.js';
import {
  cancelPurchaseUpdate,
  cancelSignal,
  pollSignal,
  retrySignal,
  statusQuery,
} from '../../workflows/messages.js';
import { eventually } from '../helpers/eventually.js';
import { rejection, typedFailure } from '../helpers/failures.js';
import { markdownTable } from '../helpers/markdown-table.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';
import { Rig, type RigOptions } from '../helpers/rig.js';
import { useRig } from '../helpers/use-rig.js';
import { startDevEnvironment } from '../helpers/temporal.js';

// The cells spend their time waiting, each for its own purchase.
vi.setConfig({ maxConcurrency: 14 });

type Handle = Awaited<ReturnType<Rig['begin']>>;
type PortalCall = Simulator['journal'][number];

const WAYS = ['signal', 'update', 'temporal', 'terminate'] as const;

type Way = (typeof WAYS)[number];

const HEADINGS: Record<Way, string> = {
  signal: 'signal `cancel`',
  update: 'update `cancelPurchase`',
  temporal: "Temporal's cancellation",
  terminate: "Temporal's terminate",
};

const REASON = 'changed my mind';

/** Says it. Only the update is answered. */
async function say(way: Way, handle: Handle): Promise<CancelPurchaseAnswer | undefined> {
  switch (way) {
    case 'signal':
      await handle.signal(cancelSignal, { reason: REASON });
      return undefined;
    case 'update':
      return handle.executeUpdate(cancelPurchaseUpdate, { args: [{ reason: REASON }] });
    case 'temporal':
      await handle.cancel();
      return undefined;
    case 'terminate':
      await handle.terminate('stuck');
      return undefined;
  }
}

/** What became of a purchase. */
interface Seen {
  readonly run: string;
  readonly orders: number;
  /** What the status and the update tell. */
  readonly effect?: 'not-placed' | 'too-late';
  /** It stayed parked, until a person let it go on. */
  readonly parked?: true;
  /** What a purchase did that was started after a terminated one. */
  readonly again?: 'adopts' | 'looks first';
  /** What the server says to a wish for a run that has ended. */
  readonly ended?: 'refused' | 'ignored';
}

const NO_ORDER: Seen = { run: 'CANCELLED', orders: 0, effect: 'not-placed' };
const NO_ORDER_AS_FAR_AS_KNOWN: Seen = { run: 'CANCELLED', orders: 0 };
const TRACKED_ON: Seen = { run: 'COMPLETED', orders: 1, effect: 'too-late' };
const NOT_TRACKED: Seen = { run: 'CANCELLED', orders: 1, effect: 'too-late' };
const LOOKS_FIRST: Seen = { run: 'TERMINATED', orders: 0, again: 'looks first' };
const ADOPTS: Seen = { run: 'TERMINATED', orders: 1, again: 'adopts' };
const REFUSED: Seen = { run: 'COMPLETED', orders: 1, ended: 'refused' };

const NOT_PLACED = { signal: NO_ORDER, update: NO_ORDER, temporal: NO_ORDER, terminate: LOOKS_FIRST };
const TOO_LATE = { signal: TRACKED_ON, update: TRACKED_ON, temporal: NOT_TRACKED, terminate: ADOPTS };

/** When the wish comes, and what is to become of it. */
interface Moment {
  readonly when: string;
  /** For what cannot be done to one purchase alone: a portal and a worker of its own. */
  readonly own?: () => RigOptions;
  /** Starts a purchase and brings it there. */
  readonly bring: (rig: Rig) => Promise<{ readonly order: Order; readonly handle: Handle }>;
  /** What has to happen once it was said. */
  readonly goOn?: (rig: Rig) => Promise<void>;
  readonly expected: Record<Way, Seen>;
}

/** It is provisioned when the test says so. */
const aSlowOrder = () => anOrder({ orderLines: [{ productId: 'never-provisions', quantity: 1 }] });

const MOMENTS: readonly Moment[] = [
  {
    when: 'before a worker saw the purchase',
    own: () => ({}),
    bring: async (rig) => {
      const order = anOrder();
      await rig.stopWorker();
      return { order, handle: await rig.begin(anInput(order)) };
    },
    goOn: (rig) => rig.startWorker(),
    expected: NOT_PLACED,
  },
  {
    when: 'before it placed anything, but with the order of an earlier run at the portal',
    own: () => ({}),
    bring: async (rig) => {
      const order = aSlowOrder();
      await rig.portal.placeOrder(order);
      await rig.stopWorker();
      return { order, handle: await rig.begin(anInput(order)) };
    },
    goOn: (rig) => rig.startWorker(),
    expected: TOO_LATE,
  },
  {
    when: 'while the token is fetched',
    own: () => ({
      simulator: { faults: [{ call: 'token', then: { do: 'delay', when: 'before', ms: 10_000 } }] },
    }),
    bring: async (rig) => {
      const order = anOrder();
      const handle = await rig.begin(anInput(order));
      await eventually(() => rig.simulator.journal.some(isUnderWay) || undefined);
      return { order, handle };
    },
    expected: NOT_PLACED,
  },
  {
    when: 'while it looks for the order, before it sends one',
    // A try to place hears of a cancellation with its heartbeats, 5 s apart; on a busy machine, later.
    own: () => ({
      simulator: { faults: [{ call: 'find', then: { do: 'delay', when: 'before', ms: 20_000 } }] },
    }),
    bring: async (rig) => {
      const order = anOrder();
      const handle = await rig.begin(anInput(order));
      await eventually(() => callsOf(rig, order).some(isUnderWay) || undefined);
      return { order, handle };
    },
    expected: NOT_PLACED,
  },
  {
    when: 'while it waits, as the portal asked (`Retry-After`)',
    // Paced, as workers are: nobody may ask before the pause is over. Longer than Temporal waits by itself.
    own: () => ({ portal: { traffic: new PacedTraffic() } }),
    bring: async (rig) => {
      const order = anOrder();
      const { externalSubscriptionId } = order;
      const then = { do: 'answer', when: 'before', status: 429, headers: { 'Retry-After': '36' } } as const;
      rig.simulator.addFault({ call: 'place', externalSubscriptionId, then });
      const handle = await rig.begin(anInput(order));
      await inState(handle, ({ lastError }) => lastError?.type === 'RateLimited');
      return { order, handle };
    },
    expected: NOT_PLACED,
  },
  {
    when: 'while it waits for its turn to send the order',
    // One call in 8 s: the look, and then the order.
    own: () => ({ portal: { traffic: new PacedTraffic({ rate: 1 / 8 }) } }),
    bring: async (rig) => {
      const order = anOrder();
      for (const scope of Object.values(SCOPES)) await rig.portal.fetchToken(order.tradingPartnerId, scope);
      const handle = await rig.begin(anInput(order));
      await eventually(() => callsOf(rig, order).some(({ status }) => status === 404) || undefined);
      return { order, handle };
    },
    expected: NOT_PLACED,
  },
  {
    when: 'while the portal is away, and it stays away',
    bring: async (rig) => {
      const order = anOrder();
      const { externalSubscriptionId } = order;
      const then = { do: 'answer', when: 'before', status: 503, headers: { 'Retry-After': '3600' } } as const;
      rig.simulator.addFault({ call: 'find', externalSubscriptionId, times: 2, then });
      const handle = await rig.begin(anInput(order));
      await inState(handle, ({ lastError }) => lastError?.type === 'PortalUnavailable');
      return { order, handle };
    },
    expected: {
      signal: NO_ORDER_AS_FAR_AS_KNOWN,
      update: NO_ORDER_AS_FAR_AS_KNOWN,
      temporal: NO_ORDER_AS_FAR_AS_KNOWN,
      terminate: LOOKS_FIRST,
    },
  },
  {
    when: 'while the POST is under way',
    bring: async (rig) => {
      const order = aSlowOrder();
      const { externalSubscriptionId } = order;
      // The portal takes the order after it was cancelled.
      const then = { do: 'delay', when: 'before', ms: 2_000 } as const;
      rig.simulator.addFault({ call: 'place', externalSubscriptionId, then });
      const handle = await rig.begin(anInput(order));
      await eventually(() => postsOf(rig, order).some(isUnderWay) || undefined);
      return { order, handle };
    },
    expected: TOO_LATE,
  },
  {
    when: 'while the outcome of a POST is unknown, and it placed the order',
    bring: async (rig) => {
      const order = aSlowOrder();
      rig.simulator.addFault({
        call: 'place',
        externalSubscriptionId: order.externalSubscriptionId,
        then: [
          { do: 'hide', forMs: 2_000 },
          { do: 'drop', when: 'after' },
        ],
      });
      const handle = await rig.begin(anInput(order, settlingFor('10s')));
      await inPhase(handle, 'Confirming');
      return { order, handle };
    },
    expected: TOO_LATE,
  },
  {
    when: 'while the outcome of a POST is unknown, and it placed none',
    bring: async (rig) => {
      const order = anOrder();
      const { externalSubscriptionId } = order;
      rig.simulator.addFault({ call: 'place', externalSubscriptionId, then: { do: 'drop', when: 'before' } });
      const handle = await rig.begin(anInput(order, settlingFor('10s')));
      await inPhase(handle, 'Confirming');
      return { order, handle };
    },
    expected: NOT_PLACED,
  },
  {
    when: 'parked, without an order (`NotPermitted`)',
    bring: async (rig) => {
      const order = anOrder({ tradingPartnerId: 'not-on-the-list' });
      const handle = await rig.begin(anInput(order));
      await inPhase(handle, 'ActionRequired');
      return { order, handle };
    },
    expected: NOT_PLACED,
  },
  {
    when: 'parked, because the outcome of several POSTs stayed unknown (`UnknownOutcome`)',
    bring: async (rig) => {
      const order = anOrder();
      const { externalSubscriptionId } = order;
      const then = { do: 'drop', when: 'before' } as const;
      rig.simulator.addFault({ call: 'place', externalSubscriptionId, times: 3, then });
      const handle = await rig.begin(anInput(order, settlingFor('100ms')));
      await inPhase(handle, 'ActionRequired');
      return { order, handle };
    },
    expected: NOT_PLACED,
  },
  {
    when: 'while the order is provisioned',
    bring: async (rig) => {
      const order = aSlowOrder();
      const handle = await rig.begin(anInput(order));
      await inPhase(handle, 'Provisioning');
      return { order, handle };
    },
    expected: TOO_LATE,
  },
  {
    when: 'parked, while the order is provisioned (`NotPermitted` to a poll)',
    bring: async (rig) => {
      const order = aSlowOrder();
      const { externalSubscriptionId } = order;
      const then = { do: 'answer', when: 'before', status: 403 } as const;
      rig.simulator.addFault({ call: 'find', externalSubscriptionId, skip: 1, then });
      const handle = await rig.begin(anInput(order));
      await inPhase(handle, 'ActionRequired');
      return { order, handle };
    },
    expected: {
      ...TOO_LATE,
      signal: { ...TRACKED_ON, parked: true },
      update: { ...TRACKED_ON, parked: true },
    },
  },
  {
    when: 'after it ended',
    bring: async (rig) => {
      const order = anOrder();
      const handle = await rig.begin(anInput(order));
      await handle.result();
      return { order, handle };
    },
    expected: {
      signal: REFUSED,
      update: REFUSED,
      temporal: { ...REFUSED, ended: 'ignored' },
      terminate: REFUSED,
    },
  },
];

function settlingFor(window: string) {
  return { ...QUICK, settling: { initialInterval: '100ms', maximumInterval: '300ms', window } };
}

async function inState(
  handle: Handle,
  isThere: (status: PurchaseStatus) => boolean,
): Promise<PurchaseStatus> {
  return eventually(async () => {
    const status = await handle.query(statusQuery);
    return isThere(status) ? status : undefined;
  });
}

async function inPhase(handle: Handle, phase: PurchasePhase): Promise<void> {
  await inState(handle, (status) => status.phase === phase);
}

function callsOf(rig: Rig, { externalSubscriptionId }: Order): PortalCall[] {
  return rig.simulator.journal.filter((entry) => entry.externalSubscriptionId === externalSubscriptionId);
}

function postsOf(rig: Rig, order: Order): PortalCall[] {
  return callsOf(rig, order).filter(({ call }) => call === 'place');
}

function isUnderWay({ status }: PortalCall): boolean {
  return status === 'pending';
}

const CELLS = MOMENTS.flatMap((moment) => WAYS.map((way) => [moment.when, way, moment] as const));

/** What was seen, for the page. */
const seenIn = new Map<Moment, Partial<Record<Way, Seen>>>(MOMENTS.map((moment) => [moment, {}]));

describe('cancellation', () => {
  const at = useRig(startDevEnvironment, {
    simulator: { permittedTradingPartners: ['0012300000AbCdE'], secondPost: 'duplicate' },
  });

  describe.concurrent('every moment, every way', () => {
    it.each(CELLS)(
      '%s: %s',
      async (_when, way, moment) => {
        const rig = moment.own === undefined ? at.rig : await Rig.start(at.env, moment.own());
        try {
          const seen = await whatComesOf(rig, moment, way);
          seenIn.set(moment, { ...seenIn.get(moment), [way]: seen });
          expect(seen).toEqual(moment.expected[way]);
        } finally {
          if (moment.own !== undefined) await rig.stop();
        }
      },
      150_000,
    );
  });

  it('is what docs/cancellation.md says', async () => {
    const rows = Array.from(seenIn, ([{ when }, seen]) => [when, ...WAYS.map((way) => wordsFor(seen[way]))]);
    const table = markdownTable(['when it is said', ...WAYS.map((way) => HEADINGS[way])], rows);
    await expect(pageWith(table)).toMatchFileSnapshot('../../docs/cancellation.md');
  });
});

/** What was answered, by the purchase or for it. */
type Answer = CancelPurchaseAnswer | 'heard' | 'not known' | 'ended';

async function answerTo(way: Way, handle: Handle): Promise<Answer> {
  try {
    return (await say(way, handle)) ?? 'heard';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'ended';
    const isUnknown = (await typedFailure(Promise.reject(error))).type === 'UnknownOutcome';
    if (isUnknown) return 'not known';
    throw error;
  }
}

async function whatComesOf(rig: Rig, { bring, goOn }: Moment, way: Way): Promise<Seen> {
  const { order, handle } = await bring(rig);
  const isOver = (await handle.describe()).status.name !== 'RUNNING';
  const goingOn = async (): Promise<void> => {
    // On the same connection: when this is answered, the server has heard the wish.
    await handle.describe();
    await goOn?.(rig);
  };
  const [answer] = await Promise.all([answerTo(way, handle), goingOn()]);
  if (isOver) {
    expect((await handle.query(statusQuery)).cancellation).toBeUndefined();
    const ended = answer === 'ended' ? 'refused' : 'ignored';
    return { ...(await standing(rig, order, handle)), ended };
  }
  if (way === 'terminate') return afterTermination(rig, order, handle);
  const seen = await afterWish(rig, order, handle);
  await expectOneStory(handle, way, answer, seen);
  const { subscriptionNumber } = await handle.query(statusQuery);
  expect(subscriptionNumber).toBe(rig.simulator.orders(order.externalSubscriptionId)[0]?.subscriptionNumber);
  return seen;
}

async function standing(rig: Rig, order: Order, handle: Handle): Promise<Pick<Seen, 'run' | 'orders'>> {
  return { run: (await handle.describe()).status.name, orders: rig.ordersFor(order) };
}

/** Waits for the end. An order that stands is provisioned, so that there is one. */
async function afterWish(rig: Rig, order: Order, handle: Handle): Promise<Seen> {
  const { phase, cancellation } = await inState(
    handle,
    (status) => status.phase === 'Cancelled' || status.cancellation?.effect !== undefined,
  );
  rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
  const isParked = phase === 'ActionRequired';
  if (isParked) await handle.signal(retrySignal);
  await Promise.allSettled([handle.result()]);
  return {
    ...(await standing(rig, order, handle)),
    ...(cancellation?.effect && { effect: cancellation.effect }),
    ...(isParked && { parked: true }),
  };
}

/** The status, the answer and the run's end all say the same. */
async function expectOneStory(handle: Handle, way: Way, answer: Answer, seen: Seen): Promise<void> {
  const { phase, cancellation, subscriptionNumber } = await handle.query(statusQuery);
  expect(cancellation).toMatchObject({ via: way, ...(way !== 'temporal' && { reason: REASON }) });
  if (way === 'update' && seen.effect === undefined) expect(answer).toBe('not known');
  if (way === 'update' && seen.effect === 'not-placed')
    expect(answer).toMatchObject({ effect: 'not-placed' });
  if (way === 'update' && seen.effect === 'too-late') {
    const contact = expect.stringContaining('partnerorderops@gitlab.com');
    expect(answer).toMatchObject({ effect: 'too-late', subscriptionNumber, contact });
  }
  if (seen.run === 'CANCELLED') {
    expect(phase).toBe('Cancelled');
    const error = await rejection(handle.result());
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect(error).toMatchObject({ cause: expect.any(CancelledFailure) });
  } else {
    expect(phase).toBe('Provisioned');
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'Provisioned', subscriptionNumber });
  }
}

/** Starts the purchase again, as the docs say: no second order may come of it. */
async function afterTermination(rig: Rig, order: Order, handle: Handle): Promise<Seen> {
  // A run that the server's list does not show yet is not seen by the next one; the docs say so.
  await eventually(async () => (await isListedAs(rig, handle, 'TERMINATED')) || undefined);
  const { run } = await standing(rig, order, handle);
  const posts = postsOf(rig, order).length;
  const again = await rig.begin(anInput(order), {
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  const isAdopted = await adopts(rig, order, again);
  if (isAdopted) await expectProvisioned(rig, order, again);
  else await again.terminate();
  expect(postsOf(rig, order)).toHaveLength(posts);
  return { run, orders: rig.ordersFor(order), again: isAdopted ? 'adopts' : 'looks first' };
}

async function isListedAs(rig: Rig, { workflowId }: Handle, status: string): Promise<boolean> {
  for await (const run of rig.env.client.workflow.list({ query: `WorkflowId = "${workflowId}"` })) {
    if (run.status.name === status) return true;
  }
  return false;
}

/** Whether a purchase finds an order, rather than going on looking for one after every call was answered. */
async function adopts(rig: Rig, order: Order, handle: Handle): Promise<boolean> {
  let looksWhenQuiet: number | undefined;
  return eventually(async () => {
    const { phase, nextPollAt, timeline } = await handle.query(statusQuery);
    if (timeline.some(({ event }) => event === 'OrderFound')) return true;
    // It may wait for a portal that was away. As often as a person would ask: after a hundred tries it is parked.
    if (phase === 'Placing' && nextPollAt !== undefined) {
      await handle.signal(pollSignal);
      await pause(1_000);
    }
    if (phase !== 'Confirming' || rig.simulator.journal.some(isUnderWay)) return undefined;
    const looks = callsOf(rig, order).length;
    looksWhenQuiet ??= looks;
    return rig.ordersFor(order) === 0 && looks >= looksWhenQuiet + 3 ? false : undefined;
  });
}

async function expectProvisioned(rig: Rig, order: Order, handle: Handle): Promise<void> {
  const { externalSubscriptionId } = order;
  rig.simulator.setStatus(externalSubscriptionId, 'Provisioned');
  const [placed] = rig.simulator.orders(externalSubscriptionId);
  await expect(handle.result()).resolves.toMatchObject({
    outcome: 'Provisioned',
    subscriptionNumber: placed?.subscriptionNumber,
  });
}

function wordsFor(seen: Seen | undefined): string {
  if (seen === undefined) throw new Error('the page needs every cell: run the whole file');
  if (seen.ended) return `${seen.ended}: it has ended`;
  const order = seen.orders === 0 ? 'no order' : 'the order stands';
  if (seen.run === 'TERMINATED') {
    return `${order}; Terminated; started again, it ${seen.again === 'adopts' ? 'adopts the order' : 'looks first'}`;
  }
  const effect = seen.effect === undefined ? 'effect not known' : `\`${seen.effect}\``;
  if (seen.run === 'CANCELLED') return `${order}; Canceled; ${effect}`;
  const tracked = seen.parked ? 'parked until `retry`, then tracked on' : 'tracked on to its end';
  return `${order}, ${tracked}; ${effect}`;
}

function pageWith(table: string): string {
  return `# Cancellation, moment by moment

The portal has no cancel call, so what a wish to cancel can do depends on when it comes. While a POST is under
way or its outcome unknown, that is found out first; an order that exists stands. Every cell is what a test saw,
and the tests write this page: \`npx vitest run test/integration/cancellation.test.ts -u\`.

${table}

- \`not-placed\` and \`too-late\` are the effect: what the update answers, and \`cancellation.effect\` in the status.
- **effect not known**: the portal could not be asked, so the update fails with \`UnknownOutcome\`. Where the portal asks to
  be left alone, or is down, a cancellation waits for it, for up to a quarter of an hour; \`poll\` asks at once.
- **tracked on**: the wish is recorded, and the run ends as it would have ended without it.
- **looks first**: the terminated run may have sent an order that does not show yet. The next run looks for it
  through five minutes and the settling window (phase \`Confirming\`) before it sends one.
`;
}
