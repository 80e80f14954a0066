import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import type { Order } from '../../src/contract/index.js';
import { startWorker } from '../../stack/marketplace.js';
import { unlessUnanswered } from '../helpers/answered.js';
import { anOrder } from '../helpers/orders.js';
import { inParallel } from '../helpers/worker-load.js';
import { endingOf, ONE_ORDER } from '../helpers/worker-truth.js';
import { partnersApart } from '../helpers/partners.js';
import { answerTo, AWAY, PHASES, type Brought } from './phases.js';
import { isAway, note, StackRig } from './rig.js';

// Parts of a production are killed with SIGKILL while purchases are in every phase, and started again. The portal
// takes a second order (`duplicate`): one that were sent twice would be there twice.

/** Besides those that were brought to a phase, so many each time are wherever they have come to. */
const ANYWHERE = 30;

/** What is asked for so often that it is found out soon, and not so often that it fills histories. */
const SETTLING = { initialInterval: '1s', maximumInterval: '5s', window: '5s' };

/** One whose worker was missed while it looked before its POST is not sent again until no POST can come any more. */
const ANYWHERE_TIMEOUT_MS = 900_000;

/** How long a part is away, in milliseconds: longer than a license takes. */
const AWAY_MS = 5_000;
const PROGRESS = { creatingMs: 2_000, createdMs: 2_000 };

const anywhere: Order[] = [];

const WHILE_LISTS_LAG = { timeout: 60_000, interval: 200 };

let rig: StackRig;

beforeAll(async () => {
  const { clients, env } = partnersApart(inject('run'), [anOrder().tradingPartnerId, AWAY]);
  rig = await StackRig.start({ simulator: { progress: PROGRESS, clients }, workerEnv: env });
});
afterAll(async () => rig?.stop());

interface Loss {
  readonly what: string;
  readonly lose: () => Promise<void>;
  readonly bringBack: () => Promise<void>;
}

const workers = {
  kill: async (count: number) => {
    await Promise.all(rig.stack.workers.slice(0, count).map((worker) => worker.kill()));
  },
  start: async () => {
    await Promise.all(rig.stack.workers.filter((worker) => !worker.isRunning()).map(startWorker));
  },
};

const LOSSES: readonly Loss[] = [
  { what: 'one of two workers is killed', lose: () => workers.kill(1), bringBack: workers.start },
  { what: 'both workers are killed', lose: () => workers.kill(2), bringBack: workers.start },
  {
    what: "Temporal's history service is killed",
    lose: () => rig.stack.temporal.kill(['history']),
    bringBack: () => rig.stack.temporal.startAgain(['history']),
  },
  {
    what: 'the whole Temporal server is killed',
    lose: () => rig.stack.temporal.kill(),
    bringBack: () => rig.stack.temporal.startAgain(),
  },
  {
    what: 'PostgreSQL is killed',
    lose: () => rig.stack.postgres.service.kill(),
    bringBack: () => rig.stack.postgres.startAgain(),
  },
  {
    what: 'PostgreSQL is restarted in order',
    lose: () => rig.stack.postgres.stop(),
    bringBack: () => rig.stack.postgres.startAgain(),
  },
  {
    what: 'PostgreSQL, the Temporal server and both workers are killed at once',
    lose: async () => {
      const { postgres, temporal } = rig.stack;
      await Promise.all([postgres.service.kill(), temporal.kill(), workers.kill(2)]);
    },
    bringBack: async () => {
      await rig.stack.postgres.startAgain();
      await rig.stack.temporal.startAgain();
      await rig.stack.temporal.untilServing();
      await workers.start();
    },
  },
];

describe.each(LOSSES.map((loss) => [loss.what, loss] as const))(
  'when %s, a purchase',
  (what, { lose, bringBack }) => {
    const brought = new Map<string, Brought>();

    beforeAll(async () => {
      await Promise.all(
        PHASES.map(async ({ title, bring }) => {
          brought.set(title, await bring(rig));
        }),
      );
      const orders = Array.from({ length: ANYWHERE }, () => anOrder());
      anywhere.push(...orders);
      await inParallel(orders, 10, (order) => rig.begin(order, { settling: SETTLING }));
      await lose();
      await Promise.all([...brought.values()].map(async ({ meanwhile }) => meanwhile?.()));
      await pause(AWAY_MS);
      const back = Date.now();
      await bringBack();
      await rig.stack.temporal.untilServing();
      note(`${what}: whole again after ${((Date.now() - back) / 1_000).toFixed(1)} s`);
    });

    it.each(PHASES.map((phase) => [phase.title, phase] as const))('%s', async (title, { ending, answer }) => {
      const purchase = broughtAs(title);
      await purchase.after?.();
      expect(await endingOf(rig, purchase.order)).toMatchObject(ending);
      if (answer !== undefined) expect(await answerTo(purchase)).toMatchObject(answer);
    });

    it('is listed as what it ended as', async () => {
      for (const { order } of brought.values()) {
        const runStatus = (await rig.handle(order).describe()).status.name;
        const expected = runStatus === 'CANCELLED' ? 'Cancelled' : 'Provisioned';
        await vi.waitFor(async () => expect(await listedPhase(order)).toBe(expected), WHILE_LISTS_LAG);
      }
    });

    function broughtAs(title: string): Brought {
      const found = brought.get(title);
      if (found === undefined) throw new Error('it did not come to its phase');
      return found;
    }
  },
);

describe('after all of these', () => {
  it(
    'each purchase that was anywhere has one order',
    async () => {
      const endings = await inParallel(anywhere, 10, (order) => endingOf(rig, order));
      note(`${endings.length} purchases were in flight besides those that were brought to a phase`);
      expect(endings).toHaveLength(LOSSES.length * ANYWHERE);
      for (const ending of endings) expect(ending).toMatchObject(ONE_ORDER);
    },
    ANYWHERE_TIMEOUT_MS,
  );
});

async function listedPhase({ externalSubscriptionId }: { readonly externalSubscriptionId: string }) {
  return await unlessUnanswered(async () => {
    for await (const { phase } of rig.purchases.list({ externalSubscriptionId, limit: 1 })) return phase;
    return undefined;
  }, isAway);
}
