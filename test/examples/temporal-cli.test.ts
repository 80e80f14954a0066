import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PurchaseClient } from '../../src/client/index.js';
import { purchaseWorkflowId, type Order, type PurchasePhase } from '../../src/contract/index.js';
import { resolveExecutable } from '../../src/temporal/index.js';
import { eventually } from '../helpers/eventually.js';
import { anOrder } from '../helpers/orders.js';
import { runToEnd, type ProcessOutcome } from './run-to-end.js';
import { shellBlocks } from './page-blocks.js';
import { openStage, type Stage } from './stage.js';

// The page is a program: each of its blocks is run as it stands there, but for an order of the test's own.
const [names, ...blocks] = shellBlocks(new URL('../../examples/temporal-cli/README.md', import.meta.url));

let stage: Stage;
let client: Client;
let purchases: PurchaseClient;
let folder: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'temporal-cli-'));
  await symlink(await resolveExecutable('cli'), join(folder, 'temporal'));
  stage = await openStage();
  client = new Client({ connection: await Connection.connect({ address: stage.server.address }) });
  purchases = new PurchaseClient(client);
  const path = [folder, process.env['PATH']].join(delimiter);
  env = { PATH: path, HOME: folder, TEMPORAL_CONFIG_FILE: '/dev/null', ...stage.env };
});
afterAll(async () => {
  await client?.connection.close();
  await stage?.close();
  if (folder) await rm(folder, { recursive: true });
});

/** Runs a block for an order, after the names that all blocks use. */
async function run(lines: string, order: Order): Promise<ProcessOutcome> {
  const file = join(folder, 'order.json');
  await writeFile(file, JSON.stringify(order));
  const script = `${names?.lines}${lines}`
    .replaceAll('../order.json', file)
    .replaceAll('EXT-1001', order.externalSubscriptionId);
  return runToEnd(['bash', '-euo', 'pipefail', '-c', script], env);
}

/** Runs a block that must succeed: what it printed. */
async function printed(lines: string, order: Order): Promise<string> {
  const outcome = await run(lines, order);
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
  return outcome.stdout;
}

function numberOf({ externalSubscriptionId }: Order): string {
  return stage.simulator.orders(externalSubscriptionId)[0]?.subscriptionNumber ?? 'no number';
}

async function inPhase(order: Order, phase: PurchasePhase) {
  return eventually(async () => {
    const { status } = await purchases.status(order);
    return status.phase === phase ? status : undefined;
  });
}

/** Only a test provisions it. */
function aSlowOrder(): Order {
  const order = anOrder();
  stage.simulator.setStatus(order.externalSubscriptionId, 'Created');
  return order;
}

/** A purchase whose order exists, and which asks again in an hour. */
async function aPlacedOrder(): Promise<Order> {
  const order = aSlowOrder();
  const polling = { initialInterval: '1h', maximumInterval: '1h' };
  await purchases.purchase(order, { options: { polling } });
  return order;
}

/** A purchase that waits for a person, who has mended by now what it waits for. */
async function aParkedOrder(): Promise<Order> {
  const order = aSlowOrder();
  const { externalSubscriptionId } = order;
  const then = { do: 'answer', when: 'before', status: 403, body: { message: 'not listed' } } as const;
  stage.simulator.addFault({ call: 'place', externalSubscriptionId, then });
  await purchases.start(order);
  await inPhase(order, 'ActionRequired');
  return order;
}

/** A purchase that the portal refuses. */
async function aRefusedOrder(): Promise<Order> {
  const order = anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] });
  await purchases.start(order);
  return order;
}

/** Lists lag: runs a block until it prints what it should. */
async function untilPrinted(lines: string, order: Order, text: string): Promise<void> {
  await eventually(async () => (await printed(lines, order)).includes(text) || undefined, 30);
}

/** What each block of the page must do, by its heading. */
const claims: Readonly<Record<string, readonly ((lines: string) => Promise<void>)[]>> = {
  'Buy, and get the number': [
    async (lines) => {
      const order = aSlowOrder();
      const first = await printed(lines, order);
      expect(first).toContain(numberOf(order));
      expect(await printed(lines, order)).toContain(numberOf(order));
      expect(stage.simulator.orders(order.externalSubscriptionId)).toHaveLength(1);
      const other = await run(lines, { ...order, orderLines: [{ productId: 'another', quantity: 1 }] });
      expect(other).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('OrderConflict') });
      const refused = await run(lines, anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] }));
      expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('OrderRejected') });
    },
  ],
  'Start without waiting': [
    async (lines) => {
      const order = aSlowOrder();
      expect(await printed(lines, order)).toContain(purchaseWorkflowId(order));
      await inPhase(order, 'Provisioning');
    },
    async (lines) => {
      const order = await aPlacedOrder();
      expect(await printed(lines, order)).toContain(numberOf(order));
    },
  ],
  'Where it stands': [
    async (lines) => {
      const order = await aPlacedOrder();
      expect(await printed(lines, order)).toMatch(/Provisioning/);
    },
  ],
  'Have the portal asked now': [
    async (lines) => {
      const order = await aPlacedOrder();
      stage.simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
      await printed(lines, order);
      await inPhase(order, 'Provisioned');
    },
  ],
  Cancel: [
    async (lines) => {
      const order = await aPlacedOrder();
      const answer = await printed(lines, order);
      expect(answer).toContain('too-late');
      expect(answer).toContain(numberOf(order));
    },
    async (lines) => {
      const order = await aPlacedOrder();
      await printed(lines, order);
      const cancellation = await eventually(async () => (await purchases.status(order)).status.cancellation);
      expect(cancellation).toMatchObject({ via: 'signal', reason: 'changed my mind', effect: 'too-late' });
    },
  ],
  'Wait for the end': [
    async (lines) => {
      const order = anOrder();
      await purchases.start(order);
      const result = await printed(lines, order);
      expect(result).toContain('COMPLETED');
      expect(result).toContain(numberOf(order));
      const refused = await aRefusedOrder();
      const end = { exitCode: 1, stdout: expect.stringContaining('refuse-me cannot be ordered') };
      expect(await run(lines, refused)).toMatchObject(end);
    },
    async (lines) => {
      const end = { exitCode: 1, stdout: expect.stringContaining('"type": "OrderRejected"') };
      expect(await run(lines, await aRefusedOrder())).toMatchObject(end);
    },
  ],
  'Find purchases': [
    async (lines) => {
      const order = await aPlacedOrder();
      await untilPrinted(lines, order, purchaseWorkflowId(order));
    },
  ],
  'Help a parked purchase on': [
    async (lines) => {
      const order = await aParkedOrder();
      await untilPrinted(lines, order, purchaseWorkflowId(order));
    },
    async (lines) => {
      const order = await aParkedOrder();
      await printed(lines, order);
      await inPhase(order, 'Provisioning');
    },
    async (lines) => {
      const order = await aParkedOrder();
      const query = `WorkflowId = '${purchaseWorkflowId(order)}' AND PurchasePhase = 'ActionRequired'`;
      await eventually(async () => (await client.workflow.count(query)).count || undefined);
      expect(await printed(lines, order)).toMatch(/Started batch/);
      await inPhase(order, 'Provisioning');
    },
  ],
};

const claimsInOrder = Object.entries(claims).flatMap(([heading, list]) =>
  list.map((holds) => ({ heading, holds })),
);

describe('the page of the temporal CLI', () => {
  it('temporal-cli: the page has no block that is not run', () => {
    expect(blocks.map(({ heading }) => heading)).toEqual(claimsInOrder.map(({ heading }) => heading));
  });

  for (const [index, { heading, lines }] of blocks.entries()) {
    it(`temporal-cli: block ${index + 1}, ${heading}`, async () => {
      const claim = claimsInOrder[index];
      expect(claim?.heading).toBe(heading);
      await claim?.holds(lines);
    });
  }
});
