import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partnersIn } from '../../src/config.js';
import type { Order } from '../../src/contract/index.js';
import type { Partners } from '../../src/partners/index.js';
import { statusQuery } from '../../workflows/messages.js';
import { eventually } from '../helpers/eventually.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';
import { startDevEnvironment } from '../helpers/temporal.js';
import { useRig } from '../helpers/use-rig.js';
import { inParallel } from '../helpers/worker-load.js';

const NORTH = { clientId: 'client-north', clientSecret: 'secret-north', tradingPartnerIds: ['NORTH'] };
const SOUTH = { clientId: 'client-south', clientSecret: 'secret-south', tradingPartnerIds: ['SOUTH'] };
const EAST = { clientId: 'client-east', clientSecret: 'secret-east', tradingPartnerIds: ['EAST'] };

let folder: string;
let file: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'partners-'));
  file = join(folder, 'partners.json');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Puts the file in place as an operator does: in one step. */
function write(
  clients: readonly { clientId: string; clientSecret: string; tradingPartnerIds: string[] }[],
): void {
  const partners = clients.flatMap(({ clientId, clientSecret, tradingPartnerIds }) =>
    tradingPartnerIds.map((id) => [id, { clientId, clientSecret }]),
  );
  writeFileSync(`${file}.new`, JSON.stringify({ partners: Object.fromEntries(partners) }));
  renameSync(`${file}.new`, file);
}

function rigWith(clients: readonly (typeof NORTH)[], simulator: object = {}) {
  let partners: Partners | undefined;
  return useRig(startDevEnvironment, () => {
    write(clients);
    partners = partnersIn({ MARKETPLACE_PARTNERS_FILE: file });
    return {
      simulator: { clients, ...simulator },
      portal: { credentials: partners.credentialsOf, clientIdOf: partners.clientIdOf },
    };
  });
}

describe('several trading partners', () => {
  const stage = rigWith([NORTH, SOUTH]);

  const orderFor = (tradingPartnerId: string): Order => anOrder({ tradingPartnerId });

  const callers = ({ externalSubscriptionId }: Order) => [
    ...new Set(
      stage.rig.simulator.journal
        .filter((entry) => entry.externalSubscriptionId === externalSubscriptionId)
        .map(({ clientId }) => clientId),
    ),
  ];

  it('order each with a client of their own', async () => {
    const orders = [orderFor('NORTH'), orderFor('SOUTH')];
    const handles = await Promise.all(orders.map((order) => stage.rig.begin(anInput(order))));
    for (const handle of handles) expect(await handle.result()).toMatchObject({ outcome: 'Provisioned' });
    expect(orders.map(callers)).toEqual([['client-north'], ['client-south']]);
  });

  it('are asked for when one has no credentials, and go on once it has some: no restart', async () => {
    const order = orderFor('EAST');
    const handle = await stage.rig.begin(anInput(order));
    const parked = await eventually(async () => {
      const status = await handle.query(statusQuery);
      return status.phase === 'ActionRequired' ? status : undefined;
    });
    expect(parked.lastError).toMatchObject({
      type: 'InvalidClient',
      message: expect.stringMatching(/no credentials for trading partner "EAST".* MARKETPLACE_PARTNERS_FILE/),
    });
    expect(parked.actionRequired).toContain(
      'MARKETPLACE_PARTNERS_FILE, which is read anew without a restart',
    );
    expect(callers(order)).toEqual([]);

    stage.rig.simulator.setClient(EAST);
    write([NORTH, SOUTH, EAST]);
    await stage.rig.client.retry(order);
    expect(await handle.result()).toMatchObject({ outcome: 'Provisioned' });
    expect(callers(order)).toEqual(['client-east']);
  });

  it('order no more once they are taken out, though their tokens are still good', async () => {
    await (await stage.rig.begin(anInput(orderFor('SOUTH')))).result();
    write([NORTH]);
    const order = orderFor('SOUTH');
    const handle = await stage.rig.begin(anInput(order));
    const { type } = await eventually(async () => {
      const { phase, lastError } = await handle.query(statusQuery);
      return phase === 'ActionRequired' ? lastError : undefined;
    });
    expect([type, callers(order)]).toEqual(['InvalidClient', []]);
    await handle.terminate();
  });
});

describe('a credential that is rotated while 200 purchases run', () => {
  const PURCHASES = 200;
  const ANOTHER_SECRET = { ...NORTH, clientSecret: 'secret-after' };
  const ANOTHER_CLIENT = { ...NORTH, clientId: 'client-north-2', clientSecret: 'secret-after' };

  /** Longer than the portal is asked again: what is refused is refused more than once. */
  const GAP_REFUSALS = 5;

  describe.each([
    { how: 'in the file first', isFileFirst: true, after: ANOTHER_SECRET },
    { how: 'at the portal first', isFileFirst: false, after: ANOTHER_SECRET },
    { how: 'in the file first, with another client', isFileFirst: true, after: ANOTHER_CLIENT },
  ])('$how', ({ isFileFirst, after }) => {
    const inTheFile = () => write([after]);
    const atThePortal = (rig: ReturnType<typeof rigWith>['rig']) => {
      rig.simulator.setClient(after);
      rig.simulator.revokeTokensOf(NORTH.clientId);
    };

    const stage = rigWith([NORTH], { progress: { creatingMs: 2_000, createdMs: 2_000 } });

    it('fails none and parks none', { timeout: 240_000 }, async () => {
      const { rig } = stage;
      const refusals = () =>
        rig.simulator.journal.filter(({ call, status }) => call === 'token' && status === 401).length;
      const orders = Array.from({ length: PURCHASES }, () => anOrder({ tradingPartnerId: 'NORTH' }));
      const running = inParallel(orders, 10, async (order) => rig.begin(anInput(order, QUICK)));
      await eventually(() => (rig.simulator.orders().length >= PURCHASES / 4 ? true : undefined));

      if (isFileFirst) {
        inTheFile();
        // Tokens that end just now: new ones are asked for with credentials that the portal does not know yet.
        rig.simulator.revokeTokensOf(NORTH.clientId);
      } else {
        atThePortal(rig);
      }
      await eventually(() => (refusals() >= GAP_REFUSALS ? true : undefined));
      if (isFileFirst) atThePortal(rig);
      else inTheFile();

      const handles = await running;
      const results = await Promise.allSettled(handles.map((handle) => handle.result()));
      expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
      const statuses = await inParallel(handles, 10, async (handle) => handle.query(statusQuery));
      const events = statuses.map(({ timeline }) => timeline.map(({ event }) => event));
      expect(events.filter((names) => names.includes('Parked'))).toEqual([]);
      // The gap was felt, and told of as what it may be.
      const troubles = statuses.flatMap(({ timeline }) =>
        timeline.filter(({ event }) => event === 'PortalTrouble').map(({ detail }) => detail),
      );
      expect(troubles).toContainEqual(expect.stringContaining('if they are being rotated'));
      for (const order of orders) expect(rig.ordersFor(order)).toBe(1);
    });
  });
});
