import { defineSearchAttributeKey } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { BatchStoppedError, type RetriedAll } from '../../src/client/index.js';
import { purchaseWorkflowId, SEARCH_ATTRIBUTES, type Order } from '../../src/contract/index.js';
import { eventually } from '../helpers/eventually.js';
import { rejection } from '../helpers/failures.js';
import { anInput, anOrder } from '../helpers/orders.js';
import { TemporalCli } from '../helpers/temporal-cli.js';
import { startDevEnvironment } from '../helpers/temporal.js';
import { useRig } from '../helpers/use-rig.js';

const rigged = useRig(startDevEnvironment);

/** Purchases that the portal does not permit, parked; it would permit them now. */
async function park(count: number, tradingPartnerId = 'PARKED'): Promise<Order[]> {
  const { rig } = rigged;
  rig.simulator.addFault({
    call: 'place',
    times: 'always',
    then: { do: 'answer', when: 'before', status: 403, body: { error: 'not on the list' } },
  });
  const orders = Array.from({ length: count }, () => anOrder({ tradingPartnerId }));
  await Promise.all(orders.map((order) => rig.begin(anInput(order))));
  await isParked(count, tradingPartnerId);
  rig.simulator.clearFaults();
  return orders;
}

async function isParked(count: number, tradingPartnerId: string): Promise<void> {
  await eventually(
    async () => (await rigged.rig.client.countParked({ tradingPartnerId })) === count || undefined,
  );
}

/** A run that nobody works on, found as a parked one. */
async function beginMarkedAsParked(order: Order): Promise<void> {
  const { purchasePhase, tradingPartnerId } = SEARCH_ATTRIBUTES;
  await rigged.rig.begin(anInput(order), {
    taskQueue: 'nobody-is-here',
    typedSearchAttributes: [
      { key: defineSearchAttributeKey(purchasePhase, 'KEYWORD'), value: 'ActionRequired' },
      { key: defineSearchAttributeKey(tradingPartnerId, 'KEYWORD'), value: order.tradingPartnerId },
    ],
  });
}

/** Waits until all are provisioned, each by one order. */
async function expectOneOrderEach(orders: readonly Order[]): Promise<void> {
  const { rig } = rigged;
  await Promise.all(orders.map((order) => rig.client.waitForResult(order)));
  expect(orders.map((order) => rig.ordersFor(order))).toEqual(orders.map(() => 1));
}

/** A batch as an operator sees it. */
async function described(jobId: string): Promise<unknown> {
  const cli = await TemporalCli.on(rigged.env.address);
  return cli.json('batch', 'describe', '--job-id', jobId);
}

describe('retrying all parked purchases', () => {
  it('asks them all by one batch, and each gets one order', async () => {
    const orders = await park(40);
    const result = await rigged.rig.client.retryAll();
    expect(result).toEqual({ asked: 40, failed: 0, jobId: expect.stringMatching(/^[\da-f-]{36}$/) });
    expect(await described(String(result.jobId))).toMatchObject({
      operationType: 'BATCH_OPERATION_TYPE_SIGNAL_WORKFLOW',
      totalOperationCount: '40',
      reason: 'marketplace retry --all',
      identity: rigged.env.client.options.identity,
    });
    await expectOneOrderEach(orders);
    await isParked(0, 'PARKED');
  });

  it("asks only one partner's, where that is wished", async () => {
    // One after the other: the portal permits again whatever is parked.
    const mine = await park(3, "it's MINE");
    const others = await park(2, 'OTHERS');
    const { client } = rigged.rig;
    expect(await client.retryAll({ tradingPartnerId: "it's MINE" })).toMatchObject({ asked: 3, failed: 0 });
    await expectOneOrderEach(mine);
    await isParked(2, 'OTHERS');
    expect(await client.retryAll({ tradingPartnerId: 'OTHERS' })).toMatchObject({ asked: 2, failed: 0 });
    await expectOneOrderEach(others);
  });

  it('begins no batch where none is parked, nor for a run that was stopped from outside', async () => {
    const [order = anOrder()] = await park(1, 'STOPPED');
    await rigged.env.client.workflow.getHandle(purchaseWorkflowId(order)).terminate('a test');
    await isParked(0, 'STOPPED');
    expect(await rigged.rig.client.retryAll({ tradingPartnerId: 'STOPPED' })).toEqual({
      asked: 0,
      failed: 0,
    });
  });

  it('tells of a batch that was stopped, and asks again what is parked still', async () => {
    // So many that the batch takes a while; no worker need know of them.
    const only = { tradingPartnerId: 'UNSERVED' };
    await Promise.all(Array.from({ length: 200 }, () => beginMarkedAsParked(anOrder(only))));
    await isParked(200, 'UNSERVED');
    const { env, rig } = rigged;
    const stop = ({ jobId = '' }: RetriedAll): void => {
      const { namespace } = env.client.options;
      void env.client.workflowService.stopBatchOperation({ namespace, jobId, reason: 'a test' });
    };
    const error = await rejection(rig.client.retryAll({ ...only, onProgress: stop }));
    expect(error).toBeInstanceOf(BatchStoppedError);
    expect(error).toMatchObject({ soFar: { jobId: expect.stringMatching(/./) } });
    expect(await rig.client.retryAll(only)).toMatchObject({ asked: 200, failed: 0 });
  });

  it("works with Temporal's own CLI alone", async () => {
    const orders = await park(5, 'PLAIN');
    const cli = await TemporalCli.on(rigged.env.address);
    const query = "WorkflowType='PurchaseWorkflow' AND PurchasePhase='ActionRequired'";
    const command = ['workflow', 'signal', '--name', 'retry', '--reason', 'credentials mended', '--yes'];
    const { exitCode, stdout, stderr } = await cli.run(...command, '--query', query);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const [, jobId = ''] = /job ID: (\S+)/i.exec(stdout) ?? [];
    await expectOneOrderEach(orders);
    expect(await described(jobId)).toMatchObject({ reason: 'credentials mended' });
  });
});
