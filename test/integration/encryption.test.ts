import type { PayloadCodec } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EncryptionCodec, KeysMissingError, parseKeyRing, UnknownKeyError } from '../../src/codec/index.js';
import { purchaseWorkflowId, type Order } from '../../src/contract/index.js';
import { begin, EncryptedRig, until, type Caller } from '../helpers/encrypted-rig.js';
import { eventually } from '../helpers/eventually.js';
import { rejection } from '../helpers/failures.js';
import { aKey, ringText } from '../helpers/keys.js';
import { anOrder, QUICK } from '../helpers/orders.js';
import { killWorkers, type WorkerProcess } from '../helpers/processes.js';
import { TemporalCli } from '../helpers/temporal-cli.js';
import { marketplace } from '../helpers/marketplace.js';
import { decodedIn, foundIn, readableIn } from '../helpers/raw.js';

// The worker and the callers as they are run, with a key ring; and what the server then keeps, byte for byte.

const OLD = aKey('2025-11', 1);
const NEW = aKey('2026-11', 2);
const RING = ringText(OLD);
const codec: PayloadCodec = new EncryptionCodec(parseKeyRing(ringText(NEW, OLD)));

/** Every field of the order but the two IDs, and what people and the portal say about the customer. */
const CUSTOMER_WORDS = [
  'Example GmbH',
  'companyName',
  'Lovelace',
  'ada@example.com',
  'Freedonia',
  'Unter den Linden',
  'product-4711',
  '987654321',
  'PO-of-the-customer',
  'called and was angry',
  'sanctions list',
];

function aCustomersOrder(changes: Partial<Order> = {}): Order {
  return anOrder({
    customer: {
      companyName: 'Example GmbH',
      contact: { firstName: 'Ada', lastName: 'Lovelace', email: 'ada@example.com' },
      address: { country: 'Freedonia', street: 'Unter den Linden 1' },
    },
    orderLines: [{ productId: 'product-4711', quantity: 987_654_321 }],
    reference: 'PO-of-the-customer',
    ...changes,
  });
}

/** A portal that refuses, and says something about the customer that the order does not have. */
const REFUSAL = {
  status: 422,
  body: { error: 'invalid', error_description: 'Lovelace is on a sanctions list' },
};

let rig: EncryptedRig;
let caller: Caller;

beforeAll(async () => {
  rig = await EncryptedRig.start();
  caller = rig.callerWith(RING);
});
afterAll(() => rig?.stop());

/** Everything the server keeps of a purchase or tells of it, as it comes over the wire. */
async function rawAnswersAbout(order: Order) {
  const { workflowService } = rig.connection;
  const execution = { workflowId: purchaseWorkflowId(order) };
  const namespace = 'default';
  const query = async (queryType: string) => {
    try {
      return await workflowService.queryWorkflow({ namespace, execution, query: { queryType } });
    } catch (error) {
      return error;
    }
  };
  return {
    history: await workflowService.getWorkflowExecutionHistory({ namespace, execution }),
    reverse: await workflowService.getWorkflowExecutionHistoryReverse({ namespace, execution }),
    description: await workflowService.describeWorkflowExecution({ namespace, execution }),
    list: await eventually(async () => {
      const answer = await workflowService.listWorkflowExecutions({
        namespace,
        query: `WorkflowId = '${execution.workflowId}'`,
      });
      return answer.executions.length > 0 ? answer : undefined;
    }),
    status: await query('status'),
    stack: await query('__stack_trace'),
    enhancedStack: await query('__enhanced_stack_trace'),
    metadata: await query('__temporal_workflow_metadata'),
    unknown: await query('no-such-query'),
  };
}

async function expectNothingOfTheCustomer(order: Order): Promise<void> {
  const answers = await rawAnswersAbout(order);
  for (const [where, answer] of Object.entries(answers)) {
    expect({ where, found: foundIn(answer, CUSTOMER_WORDS) }).toEqual({ where, found: [] });
  }
  // What is searched is there at all, for who has the keys.
  expect(await decodedIn(answers.history, codec)).toContain('Lovelace');
}

/** The portal refuses an order, once, in words that name the customer. */
function refuse({ externalSubscriptionId }: Order): void {
  rig.simulator.addFault({
    call: 'place',
    externalSubscriptionId,
    then: { do: 'answer', when: 'before', ...REFUSAL },
  });
}

describe('a purchase with encryption on', () => {
  let worker: WorkerProcess;
  beforeAll(async () => {
    worker = await rig.startWorker(RING);
  });
  afterAll(killWorkers);

  it('says which key it uses', () => {
    expect(worker.stdout).toMatch(/^worker ready: .*, encrypting with key 2025-11$/m);
  });

  it('that is provisioned is read by callers with the key, and by nobody else', async () => {
    const order = aCustomersOrder();
    rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
    const placed = await caller.purchases.purchase(order, { options: QUICK });
    expect(placed).toMatchObject({ phase: 'Provisioning', subscriptionNumber: expect.any(String) });
    await until(caller, order, ({ polls }) => polls > 1);
    await expectNothingOfTheCustomer(order);
    rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
    expect(await caller.purchases.waitForResult(order)).toMatchObject({ outcome: 'Provisioned' });
    await expectNothingOfTheCustomer(order);
    // The two IDs, the number and the phase stay searchable.
    const { list } = await rawAnswersAbout(order);
    expect(
      foundIn(list, [order.externalSubscriptionId, placed.subscriptionNumber ?? '?', 'Provisioned']),
    ).toHaveLength(3);
  });

  it('is written down so that only names and search attributes are readable', async () => {
    const order = await begin(caller, aCustomersOrder());
    await caller.purchases.waitForResult(order);
    const { history, description, status, metadata } = await rawAnswersAbout(order);
    expect({ history: readableIn(history), description: readableIn(description) }).toMatchInlineSnapshot(`
      {
        "description": [
          ".workflowExecutionInfo.searchAttributes.indexedFields.BuildIds",
          ".workflowExecutionInfo.searchAttributes.indexedFields.ExternalSubscriptionId",
          ".workflowExecutionInfo.searchAttributes.indexedFields.PurchasePhase",
          ".workflowExecutionInfo.searchAttributes.indexedFields.SubscriptionNumber",
          ".workflowExecutionInfo.searchAttributes.indexedFields.TradingPartnerId",
        ],
        "history": [
          ".history.events.markerRecordedEventAttributes.details.data.payloads",
          ".history.events.upsertWorkflowSearchAttributesEventAttributes.searchAttributes.indexedFields.ExternalSubscriptionId",
          ".history.events.upsertWorkflowSearchAttributesEventAttributes.searchAttributes.indexedFields.PurchasePhase",
          ".history.events.upsertWorkflowSearchAttributesEventAttributes.searchAttributes.indexedFields.SubscriptionNumber",
          ".history.events.upsertWorkflowSearchAttributesEventAttributes.searchAttributes.indexedFields.TradingPartnerId",
        ],
      }
    `);
    expect([...readableIn(status), ...readableIn(metadata)]).toEqual([]);
  });

  it('that is parked, amended and goes on shows nothing, nor does an update that is refused', async () => {
    const order = aCustomersOrder();
    const { externalSubscriptionId } = order;
    refuse(order);
    rig.simulator.setStatus(externalSubscriptionId, 'Created');
    await begin(caller, order, { onRejected: 'park' });
    const { lastError } = await until(caller, order, ({ phase }) => phase === 'ActionRequired');
    expect(lastError?.message).toContain('sanctions list');
    await expectNothingOfTheCustomer(order);
    await caller.purchases.amend({ ...order, reference: 'PO-of-the-customer-2' });
    await until(caller, order, ({ phase }) => phase === 'Provisioning');
    const tooLate = await rejection(caller.purchases.amend(order));
    expect(tooLate).toMatchObject({ type: 'OrderConflict' });
    await expectNothingOfTheCustomer(order);
    rig.simulator.setStatus(externalSubscriptionId, 'Provisioned');
    await caller.purchases.waitForResult(order);
    await expectNothingOfTheCustomer(order);
  });

  it('that is refused shows nothing, its failures and stack traces included', async () => {
    const order = aCustomersOrder();
    refuse(order);
    await begin(caller, order);
    const failure = await rejection(caller.purchases.waitForResult(order));
    expect(failure).toMatchObject({
      type: 'OrderRejected',
      message: expect.stringContaining('sanctions list'),
    });
    await expectNothingOfTheCustomer(order);
    const { history, list } = await rawAnswersAbout(order);
    // Failures say that they are encoded, and no stack of ours is there.
    expect(foundIn(history, ['Encoded failure'])).toHaveLength(1);
    expect(foundIn(history, ['    at ', '.ts:', '.js:'])).toEqual([]);
    expect(foundIn(list, ['OrderRejected'])).toEqual([]);
    for await (const listed of caller.purchases.list(order)) {
      expect(listed).toMatchObject({ phase: 'Failed', reason: 'OrderRejected' });
    }
  });

  it('that is cancelled shows nothing, its reason included', async () => {
    const order = aCustomersOrder();
    rig.simulator.addFault({
      call: 'find',
      externalSubscriptionId: order.externalSubscriptionId,
      times: 3,
      then: { do: 'answer', when: 'before', status: 503, body: 'Lovelace broke us' },
    });
    await begin(caller, order);
    await until(caller, order, ({ lastError }) => lastError !== undefined);
    const reason = 'Lovelace called and was angry';
    expect(await caller.purchases.cancel(order, { reason })).toMatchObject({ effect: 'not-placed' });
    await expectNothingOfTheCustomer(order);
    expect((await caller.purchases.status(order)).status.cancellation).toMatchObject({ reason });
  });

  it('answers a refused update in ciphertext, too', async () => {
    const order = aCustomersOrder();
    rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
    await begin(caller, order);
    await until(caller, order, ({ phase }) => phase === 'Provisioning');
    const [payload] = await new EncryptionCodec(parseKeyRing(RING)).encode([
      { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"within":5}') },
    ]);
    const answer = await rig.connection.workflowService.updateWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: purchaseWorkflowId(order) },
      request: {
        input: { name: 'orderPlaced', args: { payloads: payload ? [payload] : [] } },
        meta: { updateId: 'x' },
      },
      waitPolicy: { lifecycleStage: 3 },
    });
    expect(foundIn(answer, ['Encoded failure'])).toHaveLength(1);
    expect(foundIn(answer, ['within', '    at '])).toEqual([]);
    expect(await decodedIn(answer, codec)).toContain('must be a duration');
  });
});

describe('the command line', () => {
  beforeAll(async () => {
    await rig.startWorker(RING);
  });
  afterAll(killWorkers);

  const run = (ring: string | undefined, ...args: readonly string[]) =>
    marketplace([...args, '-o', 'json'], {
      TEMPORAL_ADDRESS: rig.server.address,
      ...(ring !== undefined && { MARKETPLACE_CODEC_KEYS: ring }),
    });

  async function parked(): Promise<Order> {
    const order = aCustomersOrder();
    refuse(order);
    await begin(caller, order, { onRejected: 'park' });
    await until(caller, order, ({ phase }) => phase === 'ActionRequired');
    return order;
  }

  it('with the keys tells all, and does all', async () => {
    const order = await parked();
    const id = purchaseWorkflowId(order);
    const status = await run(RING, 'status', id);
    expect(status).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('sanctions list') });
    const list = await eventually(async () => {
      const listed = await run(RING, 'list', '--phase', 'ActionRequired');
      return listed.stdout.includes(id) ? listed : undefined;
    });
    expect(list.stdout).toContain('OrderRejected');
    expect(await run(RING, 'retry', id)).toMatchObject({ exitCode: 0 });
    const watched = await run(RING, 'watch', id);
    expect(watched).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Provisioned') });
    expect(await run(RING, 'cancel', id)).toMatchObject({ exitCode: 4 });
  });

  it('without the keys says which setting is missing, and tells nothing', async () => {
    const order = await parked();
    const { exitCode, stdout, stderr } = await run(undefined, 'status', purchaseWorkflowId(order));
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('KeysMissing');
    expect(stderr).toContain('MARKETPLACE_CODEC_KEYS_FILE');
    await caller.purchases.cancel(order);
  });

  it('with another key says which one is missing', async () => {
    const order = await parked();
    const { exitCode, stderr } = await run(ringText(NEW), 'status', purchaseWorkflowId(order));
    expect(exitCode).toBe(2);
    expect(stderr).toContain('UnknownKey');
    expect(stderr).toContain('2025-11');
    await caller.purchases.cancel(order);
  });

  it('with keys that are none says so before it asks anything', async () => {
    const { exitCode, stderr } = await run('{"keys":[]}', 'list');
    expect({ exitCode, isNamed: stderr.includes('MARKETPLACE_CODEC_KEYS') }).toEqual({
      exitCode: 2,
      isNamed: true,
    });
  });
});

describe('a purchase that lives through a change of keys', () => {
  afterEach(killWorkers);

  function anOpenOrder(): Order {
    const order = aCustomersOrder();
    rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
    return order;
  }

  async function stop(worker: WorkerProcess): Promise<void> {
    worker.signal('SIGTERM');
    expect(await worker.end()).toBe(0);
  }

  it('goes on under the new key, and its old history stays readable', async () => {
    const first = await rig.startWorker(ringText(OLD));
    const done = await begin(caller, aCustomersOrder());
    const result = await caller.purchases.waitForResult(done);
    const open = await begin(caller, anOpenOrder());
    await until(caller, open, ({ polls }) => polls > 1);
    await stop(first);

    const second = await rig.startWorker(ringText(NEW, OLD));
    expect(second.stdout).toContain('encrypting with key 2026-11');
    const ready = rig.callerWith(ringText(OLD, NEW));
    const { polls } = await until(ready, open, ({ phase }) => phase === 'Provisioning');
    await until(ready, open, (status) => status.polls > polls);
    rig.simulator.setStatus(open.externalSubscriptionId, 'Provisioned');
    expect(await ready.purchases.waitForResult(open)).toMatchObject({ outcome: 'Provisioned' });
    const { history } = await rawAnswersAbout(open);
    expect(foundIn(history, ['2025-11', '2026-11'])).toHaveLength(2);
    await expectNothingOfTheCustomer(open);

    // What ended before: its result, its state from a replay, and the order it was for.
    const newest = rig.callerWith(ringText(NEW, OLD));
    expect(await newest.purchases.waitForResult(done)).toEqual(result);
    expect((await newest.purchases.status(done)).status.phase).toBe('Provisioned');
    expect(await newest.purchases.purchase(done)).toMatchObject({
      subscriptionNumber: result.subscriptionNumber,
    });
    // Who was forgotten is told so.
    const forgotten = rig.callerWith(ringText(OLD));
    expect(await rejection(forgotten.purchases.waitForResult(open))).toBeInstanceOf(UnknownKeyError);
  });

  it('waits, rather than fails, while its worker lacks the key', async () => {
    const first = await rig.startWorker(ringText(OLD));
    const order = await begin(caller, anOpenOrder());
    await until(caller, order, ({ polls }) => polls > 1);
    await stop(first);

    const wrong = await rig.startWorker(ringText(NEW));
    await eventually(() => (wrong.stderr.includes('"UnknownKeyError"') ? true : undefined));
    expect(wrong.stderr).not.toMatch(/Lovelace|ada@example/);
    await wrong.kill();

    rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
    await rig.startWorker(ringText(NEW, OLD));
    const everyKey = rig.callerWith(ringText(NEW, OLD));
    expect(await everyKey.purchases.waitForResult(order)).toMatchObject({ outcome: 'Provisioned' });
    expect(rig.simulator.orders(order.externalSubscriptionId)).toHaveLength(1);
  });

  it('may have begun in the clear', async () => {
    const inTheClear = rig.callerWith();
    const first = await rig.startWorker();
    const order = await begin(inTheClear, anOpenOrder());
    await until(inTheClear, order, ({ polls }) => polls > 1);
    await stop(first);

    await rig.startWorker(RING);
    rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
    expect(await caller.purchases.waitForResult(order)).toMatchObject({ outcome: 'Provisioned' });
    expect(await rejection(inTheClear.purchases.waitForResult(order))).toBeInstanceOf(KeysMissingError);
  });
});

describe('a purchase that cannot be read', () => {
  afterEach(killWorkers);
  const LOST = ringText(aKey('lost', 9));

  it('because of a signal of a caller with a wrong key goes on once that is left out', async () => {
    await rig.startWorker(RING);
    const cli = await TemporalCli.on(rig.server.address);
    const order = aCustomersOrder();
    const id = purchaseWorkflowId(order);
    rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
    await begin(caller, order);
    await until(caller, order, ({ polls }) => polls > 1);
    const stranger = rig.callerWith(LOST);
    await stranger.client.workflow.getHandle(id).signal('cancel', { reason: 'Lovelace' });
    await eventually(
      async () =>
        (await cli.events(id)).some(({ eventType }) => eventType === 'EVENT_TYPE_WORKFLOW_TASK_FAILED') ||
        undefined,
    );
    rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
    const how = [
      '--type',
      'LastWorkflowTask',
      '--reapply-exclude',
      'Signal',
      '--reason',
      'unreadable signal',
    ];
    expect(await cli.run('workflow', 'reset', '--workflow-id', id, ...how)).toMatchObject({ exitCode: 0 });
    expect(await caller.purchases.waitForResult(order)).toMatchObject({ outcome: 'Provisioned' });
    expect(rig.simulator.orders(order.externalSubscriptionId)).toHaveLength(1);
  });

  it('because its key is lost is ended, deleted and started again, and finds its order', async () => {
    const first = await rig.startWorker(LOST);
    const loser = rig.callerWith(LOST);
    const cli = await TemporalCli.on(rig.server.address);
    const order = aCustomersOrder();
    const id = purchaseWorkflowId(order);
    rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
    await begin(loser, order);
    await until(loser, order, ({ polls }) => polls > 1);
    await first.kill();

    await rig.startWorker(RING);
    for (const step of [
      ['terminate', '--reason', 'key lost'],
      ['delete', '--yes'],
    ]) {
      const [verb = '', ...flags] = step;
      expect(await cli.run('workflow', verb, '--workflow-id', id, ...flags)).toMatchObject({ exitCode: 0 });
    }
    await eventually(async () => (await cli.find(`WorkflowId = '${id}'`)).length === 0 || undefined);
    rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
    await begin(caller, order);
    expect(await caller.purchases.waitForResult(order)).toMatchObject({ outcome: 'Provisioned' });
    expect(rig.simulator.orders(order.externalSubscriptionId)).toHaveLength(1);
  });
});

describe('without keys', () => {
  it('a history is as it always was: nothing is encrypted, no failure is encoded', async () => {
    await rig.startWorker();
    const inTheClear = rig.callerWith();
    const order = aCustomersOrder();
    refuse(order);
    await begin(inTheClear, order);
    await rejection(inTheClear.purchases.waitForResult(order));
    const { history } = await rawAnswersAbout(order);
    expect(foundIn(history, ['binary/encrypted', 'Encoded failure'])).toEqual([]);
    expect(foundIn(history, ['Lovelace', 'sanctions list'])).toHaveLength(2);
    await killWorkers();
  });
});
