import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { purchaseWorkflowId, type Order, type PurchaseStatus } from '../../src/contract/index.js';
import { eventually } from '../helpers/eventually.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';
import { Rig } from '../helpers/rig.js';
import { summaryIn, TemporalCli, type CliOutcome } from '../helpers/temporal-cli.js';
import { startDevEnvironment } from '../helpers/temporal.js';

// Everything here is done with the real CLI: of ours there is only the worker (and a portal to call).
let env: TestWorkflowEnvironment;
let rig: Rig;
let cli: TemporalCli;

beforeAll(async () => {
  env = await startDevEnvironment();
  rig = await Rig.start(env);
  cli = await TemporalCli.on(env.address);
});
afterAll(async () => {
  await rig?.stop();
  await env?.teardown();
});

/** So long that only a message can move a purchase on. */
const SLOW = { ...QUICK, polling: { initialInterval: '1h', maximumInterval: '1h', deadline: '30d' } };

async function begin(order: Order, options = SLOW): Promise<string> {
  const id = purchaseWorkflowId(order);
  await cli.start(rig.taskQueue, id, JSON.stringify(anInput(order, options)));
  return id;
}

async function inPhase(id: string, phase: PurchaseStatus['phase']): Promise<PurchaseStatus> {
  return eventually(async () => {
    const status = await cli.status(id);
    return status.phase === phase ? status : undefined;
  });
}

/** The portal, looked at before the order is placed, asks to come back later. */
function holdBack(order: Order): void {
  const { externalSubscriptionId } = order;
  const then = { do: 'answer', when: 'before', status: 429, headers: { 'Retry-After': '600' } } as const;
  rig.simulator.addFault({ call: 'find', externalSubscriptionId, then });
}

/** The portal does not permit the order, once: a person has to act. */
function refuseOnce(order: Order): void {
  const { externalSubscriptionId } = order;
  rig.simulator.addFault({
    call: 'place',
    externalSubscriptionId,
    then: { do: 'answer', when: 'before', status: 403, body: { message: 'not on the list' } },
  });
}

/** A purchase that is to wait, which keeps it in `Placing`. */
async function beginHeldBack(): Promise<{ readonly order: Order; readonly id: string }> {
  const order = anOrder();
  holdBack(order);
  const id = await begin(order);
  await eventually(async () => (await cli.status(id)).lastError);
  return { order, id };
}

/** A purchase that waits for a person. */
async function beginParked(): Promise<{ readonly order: Order; readonly id: string }> {
  const order = anOrder();
  refuseOnce(order);
  const id = await begin(order);
  await inPhase(id, 'ActionRequired');
  return { order, id };
}

/** A purchase whose order exists and is not provisioned until the test says so. */
async function beginPlaced(): Promise<{ readonly order: Order; readonly id: string }> {
  const order = anOrder();
  rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
  const id = await begin(order);
  await inPhase(id, 'Provisioning');
  return { order, id };
}

function provision(order: Order): void {
  rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
}

function numberOf(order: Order): string | undefined {
  return rig.simulator.orders(order.externalSubscriptionId)[0]?.subscriptionNumber;
}

function placeCallsFor(order: Order): number {
  return rig.simulator.journal.filter(
    ({ call, externalSubscriptionId }) =>
      call === 'place' && externalSubscriptionId === order.externalSubscriptionId,
  ).length;
}

/** A message with its description, as `temporal workflow metadata` prints it. */
function described(name: string): unknown {
  return expect.objectContaining({ name, description: expect.stringMatching(/./) });
}

async function whenFound(query: string): Promise<string[] | undefined> {
  const ids = await cli.find(query);
  return ids.length > 0 ? ids : undefined;
}

/** Starts a purchase and waits for its number, in one command. */
async function buy(order: Order, ...update: readonly string[]): Promise<CliOutcome> {
  const start = ['--type', 'PurchaseWorkflow', '--task-queue', rig.taskQueue];
  const input = ['--workflow-id', purchaseWorkflowId(order), '--input', JSON.stringify(anInput(order, SLOW))];
  const policies = ['--id-conflict-policy', 'UseExisting', '--id-reuse-policy', 'AllowDuplicateFailedOnly'];
  const given = [...update.flatMap((text) => ['--update-input', text]), '--output', 'json'];
  const command = ['workflow', 'execute-update-with-start', '--update-name', 'orderPlaced'];
  return cli.run(...command, ...start, ...input, ...policies, ...given);
}

/** The summaries of all that waits or works in a run. Fails the test when a timer or an activity has none. */
async function summariesOf(id: string): Promise<(string | undefined)[]> {
  const waits = (await cli.events(id)).filter(({ eventType }) =>
    ['EVENT_TYPE_TIMER_STARTED', 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED'].includes(eventType),
  );
  const withoutSummary = waits.filter((event) => !summaryIn(event));
  expect(withoutSummary).toEqual([]);
  return waits.map(summaryIn);
}

describe('a purchase begun with the CLI', () => {
  it('is asked about, hurried and ends Completed with its result', async () => {
    const { order, id } = await beginPlaced();
    const status = await cli.status(id);
    expect(status).toMatchObject({
      phase: 'Provisioning',
      externalSubscriptionId: order.externalSubscriptionId,
      tradingPartnerId: order.tradingPartnerId,
      subscriptionNumber: numberOf(order),
    });
    expect(status.nextPollAt).toBeDefined();
    provision(order);
    await cli.signal(id, 'poll');
    const { status: closed, result } = await cli.closing(id);
    expect(closed).toBe('COMPLETED');
    expect(result).toMatchObject({ outcome: 'Provisioned', subscriptionNumber: numberOf(order) });
    expect((await cli.status(id)).phase).toBe('Provisioned');
    expect(rig.ordersFor(order)).toBe(1);
  });

  it('shows what its messages do, and where it stands', async () => {
    const { order, id } = await beginPlaced();
    const metadata = await cli.json('workflow', 'metadata', '--workflow-id', id);
    expect(metadata).toMatchObject({
      queryResult: [
        {
          currentDetails: expect.stringContaining(String(numberOf(order))),
          definition: {
            type: 'PurchaseWorkflow',
            queryDefinitions: expect.arrayContaining([described('status')]),
            signalDefinitions: expect.arrayContaining([
              described('cancel'),
              described('retry'),
              described('poll'),
            ]),
            updateDefinitions: expect.arrayContaining([
              described('orderPlaced'),
              described('cancelPurchase'),
            ]),
          },
        },
      ],
    });
  });

  it('is described and found by its search attributes, which hold nothing personal', async () => {
    const { order, id } = await beginPlaced();
    const { status, memo, searchAttributes } = await cli.describe(id);
    expect(status).toBe('WORKFLOW_EXECUTION_STATUS_RUNNING');
    expect(searchAttributes).toMatchObject({
      ExternalSubscriptionId: order.externalSubscriptionId,
      TradingPartnerId: order.tradingPartnerId,
      SubscriptionNumber: numberOf(order),
      PurchasePhase: 'Provisioning',
    });
    expect(memo).toMatchObject({ purchase: { phase: 'Provisioning', order: 'placed' } });
    expect(JSON.stringify({ memo, searchAttributes })).not.toMatch(/Ada|Lovelace|ada@example|Example GmbH/);
    const query = `SubscriptionNumber = '${numberOf(order)}' AND PurchasePhase = 'Provisioning'`;
    expect(await eventually(() => whenFound(query))).toEqual([id]);
  });

  it('under a wrong workflow ID ends Failed, naming the right one', async () => {
    const order = anOrder();
    const wrong = `${purchaseWorkflowId(order)}-again`;
    await cli.start(rig.taskQueue, wrong, JSON.stringify(anInput(order)));
    const { status, failure } = await cli.closing(wrong);
    expect(status).toBe('FAILED');
    expect(failure?.applicationFailureInfo).toMatchObject({ type: 'WorkflowIdMismatch', nonRetryable: true });
    expect(failure?.message).toContain(purchaseWorkflowId(order));
    expect(placeCallsFor(order)).toBe(0);
  });

  it('takes no state from a second argument', async () => {
    const order = anOrder();
    const id = purchaseWorkflowId(order);
    const forged = { state: { phase: 'Provisioned', timeline: [] }, options: {} };
    await cli.start(rig.taskQueue, id, JSON.stringify(anInput(order)), JSON.stringify(forged));
    expect(await cli.closing(id)).toMatchObject({
      status: 'COMPLETED',
      result: { subscriptionNumber: expect.stringMatching(/./) },
    });
    expect(rig.ordersFor(order)).toBe(1);
  });
});

describe('signal "cancel"', () => {
  it('before the order exists: Canceled, and nothing is placed', async () => {
    const { order, id } = await beginHeldBack();
    await cli.signal(id, 'cancel', '{"reason": "the customer left"}');
    expect((await cli.closing(id)).status).toBe('CANCELED');
    expect(await cli.status(id)).toMatchObject({
      phase: 'Cancelled',
      cancellation: { via: 'signal', reason: 'the customer left', effect: 'not-placed' },
    });
    expect(placeCallsFor(order)).toBe(0);
  });

  it('while it waits for a person: Canceled, and nothing is placed', async () => {
    const { order, id } = await beginParked();
    await cli.signal(id, 'cancel');
    expect((await cli.closing(id)).status).toBe('CANCELED');
    expect((await cli.status(id)).cancellation?.effect).toBe('not-placed');
    expect(placeCallsFor(order)).toBe(1);
    expect(rig.ordersFor(order)).toBe(0);
  });

  it('while the outcome is unknown: it is found out first, and the order stands', async () => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    rig.simulator.setStatus(externalSubscriptionId, 'Created');
    rig.simulator.addFault({
      call: 'place',
      externalSubscriptionId,
      then: [
        { do: 'hide', forMs: 3_600_000 },
        { do: 'drop', when: 'after' },
      ],
    });
    const id = await begin(order, {
      ...SLOW,
      settling: { initialInterval: '100ms', maximumInterval: '300ms', window: '1h' },
    });
    await inPhase(id, 'Confirming');
    await cli.signal(id, 'cancel');
    const wished = await eventually(async () => (await cli.status(id)).cancellation);
    expect(wished.effect).toBeUndefined();
    expect((await cli.status(id)).phase).toBe('Confirming');
    rig.simulator.setStatus(externalSubscriptionId, 'Created');
    rig.simulator.addFault({
      call: 'find',
      externalSubscriptionId,
      then: { do: 'answer', when: 'before', status: 200, body: { status: 'Created' } },
    });
    expect((await inPhase(id, 'Provisioning')).cancellation?.effect).toBe('too-late');
    await cli.cancel(id);
    expect((await cli.closing(id)).status).toBe('CANCELED');
    expect(rig.ordersFor(order)).toBe(1);
  });

  it('after the order exists: the order stands, and the run ends Completed', async () => {
    const { order, id } = await beginPlaced();
    await cli.signal(id, 'cancel', '{"reason": "too late"}');
    const { cancellation } = await eventually(async () => {
      const status = await cli.status(id);
      return status.cancellation && status;
    });
    expect(cancellation).toMatchObject({ via: 'signal', reason: 'too late', effect: 'too-late' });
    provision(order);
    await cli.signal(id, 'poll');
    expect((await cli.closing(id)).status).toBe('COMPLETED');
    expect(rig.ordersFor(order)).toBe(1);
  });

  it.each(['"text"', '{"reason": 5}', '[1,2]', 'null', '7'])(
    'with %s counts, and only the reason is left out',
    async (argument) => {
      const { order, id } = await beginHeldBack();
      await cli.signal(id, 'cancel', argument);
      expect((await cli.closing(id)).status).toBe('CANCELED');
      const { cancellation } = await cli.status(id);
      expect(cancellation).toMatchObject({ via: 'signal', effect: 'not-placed' });
      expect(cancellation).not.toHaveProperty('reason');
      expect(placeCallsFor(order)).toBe(0);
    },
  );
});

describe('a message that nothing takes', () => {
  it('does not break the run', async () => {
    const { order, id } = await beginPlaced();
    await cli.signal(id, 'cancle', '{"reason": "a typing error"}');
    const { exitCode, stderr } = await cli.update(id, 'orderplaced');
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('orderplaced');
    provision(order);
    await cli.signal(id, 'poll');
    expect((await cli.closing(id)).status).toBe('COMPLETED');
  });
});

describe('a purchase that waits for a person', () => {
  it('is listed, tells what to do, and goes on with signal "retry"', async () => {
    const { order, id } = await beginParked();
    const { actionRequired, lastError } = await cli.status(id);
    expect(actionRequired).toContain('retry');
    expect(lastError?.type).toBe('NotPermitted');
    const query = `PurchasePhase = 'ActionRequired' AND TradingPartnerId = '${order.tradingPartnerId}'`;
    await eventually(async () => (await cli.find(query)).includes(id) || undefined);
    provision(order);
    await cli.signal(id, 'retry');
    await inPhase(id, 'Provisioning');
    await cli.signal(id, 'poll');
    expect((await cli.closing(id)).status).toBe('COMPLETED');
    expect(rig.ordersFor(order)).toBe(1);
    expect(placeCallsFor(order)).toBe(2);
  });

  it('answers "orderPlaced" with what to do, and no number', async () => {
    const { id } = await beginParked();
    const answer = await cli.answer(id, 'orderPlaced');
    expect(answer).toMatchObject({
      phase: 'ActionRequired',
      actionRequired: expect.stringContaining('retry'),
    });
    expect(answer).not.toHaveProperty('subscriptionNumber');
    await cli.cancel(id);
  });

  it('ignores "poll", and takes arguments with "retry" that mean nothing', async () => {
    const { order, id } = await beginParked();
    await cli.signal(id, 'poll', '{"now": true}');
    expect((await cli.status(id)).phase).toBe('ActionRequired');
    await cli.signal(id, 'retry', '"please"', '[1]');
    await inPhase(id, 'Provisioning');
    expect(rig.ordersFor(order)).toBe(1);
    await cli.cancel(id);
  });
});

describe('update "orderPlaced"', () => {
  it('answers with the number, with and without input', async () => {
    const { order, id } = await beginPlaced();
    const expected = { phase: 'Provisioning', subscriptionNumber: numberOf(order) };
    expect(await cli.answer(id, 'orderPlaced')).toMatchObject(expected);
    expect(await cli.answer(id, 'orderPlaced', '{"within": "10s"}')).toMatchObject(expected);
    expect(await cli.answer(id, 'orderPlaced', JSON.stringify({ order }))).toMatchObject(expected);
    expect(await cli.answer(id, 'orderPlaced', 'null')).toMatchObject(expected);
    await cli.cancel(id);
  });

  it('answers with the phase alone when "within" passes', async () => {
    const { id } = await beginHeldBack();
    const answer = await cli.answer(id, 'orderPlaced', '{"within": "500ms"}');
    expect(answer).toMatchObject({ phase: 'Placing' });
    expect(answer).not.toHaveProperty('subscriptionNumber');
    await cli.cancel(id);
  });

  it('refuses another order, and arguments it cannot read, before they are in the history', async () => {
    const { order, id } = await beginPlaced();
    const other = { ...order, orderLines: [{ productId: '2c92a0ff', quantity: 11 }] };
    const refused = await cli.update(id, 'orderPlaced', JSON.stringify({ order: other }));
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toContain('OrderConflict');
    for (const argument of ['"10s"', '{"within": 5}', '{"within": "soon"}', '{"order": null}']) {
      const { exitCode, stderr } = await cli.update(id, 'orderPlaced', argument);
      expect({ argument, exitCode }).toEqual({ argument, exitCode: 1 });
      expect(stderr).toMatch(/InvalidOrder|OrderConflict/);
    }
    const events = await cli.events(id);
    expect(events.filter(({ eventType }) => eventType.includes('UPDATE_ACCEPTED'))).toEqual([]);
    expect((await cli.status(id)).phase).toBe('Provisioning');
    await cli.cancel(id);
  });
});

describe('update "cancelPurchase"', () => {
  it('answers "not-placed" before the order exists, and the run ends Canceled', async () => {
    const { order, id } = await beginHeldBack();
    expect(await cli.answer(id, 'cancelPurchase', '{"reason": "changed my mind"}')).toMatchObject({
      effect: 'not-placed',
      phase: 'Cancelled',
    });
    expect((await cli.closing(id)).status).toBe('CANCELED');
    expect((await cli.status(id)).cancellation).toMatchObject({ via: 'update', reason: 'changed my mind' });
    expect(placeCallsFor(order)).toBe(0);
  });

  it('answers "too-late" after the order exists, with the number and whom to contact', async () => {
    const { order, id } = await beginPlaced();
    expect(await cli.answer(id, 'cancelPurchase')).toMatchObject({
      effect: 'too-late',
      phase: 'Provisioning',
      subscriptionNumber: numberOf(order),
      contact: expect.stringContaining('partnerorderops@gitlab.com'),
    });
    provision(order);
    await cli.signal(id, 'poll');
    expect((await cli.closing(id)).status).toBe('COMPLETED');
  });
});

describe("Temporal's own cancellation", () => {
  it('before the order exists: Canceled, and nothing is placed', async () => {
    const { order, id } = await beginHeldBack();
    await cli.cancel(id);
    expect((await cli.closing(id)).status).toBe('CANCELED');
    expect((await cli.status(id)).cancellation).toMatchObject({ via: 'temporal', effect: 'not-placed' });
    expect(placeCallsFor(order)).toBe(0);
  });

  it('while a POST is under way: it is seen through, then the run ends Canceled', async () => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    rig.simulator.addFault({
      call: 'place',
      externalSubscriptionId,
      then: { do: 'delay', when: 'before', ms: 2_000 },
    });
    const id = await begin(order);
    await eventually(() => placeCallsFor(order) || undefined);
    await cli.cancel(id);
    expect((await cli.closing(id)).status).toBe('CANCELED');
    expect(rig.ordersFor(order)).toBe(1);
    expect(await cli.status(id)).toMatchObject({
      subscriptionNumber: numberOf(order),
      cancellation: { effect: 'too-late' },
    });
  });

  it('while it is provisioned: tracking stops, and the number stays where it is found', async () => {
    const { order, id } = await beginPlaced();
    await cli.cancel(id);
    expect((await cli.closing(id)).status).toBe('CANCELED');
    const { searchAttributes, memo } = await cli.describe(id);
    expect(searchAttributes).toMatchObject({
      SubscriptionNumber: numberOf(order),
      PurchasePhase: 'Cancelled',
    });
    expect(memo).toMatchObject({ purchase: { phase: 'Cancelled', order: 'placed' } });
    expect((await cli.status(id)).cancellation?.effect).toBe('too-late');
  });
});

describe('a run that an operator begins anew', () => {
  it('by "reset" to its start finds the order that it had placed', async () => {
    const { order, id } = await beginPlaced();
    const to = ['--type', 'FirstWorkflowTask', '--reason', 'a test'];
    await cli.json('workflow', 'reset', '--workflow-id', id, ...to);
    const { subscriptionNumber } = await inPhase(id, 'Provisioning');
    expect(subscriptionNumber).toBe(numberOf(order));
    provision(order);
    await cli.signal(id, 'poll');
    expect((await cli.closing(id)).status).toBe('COMPLETED');
    expect((await cli.status(id)).timeline.map(({ event }) => event)).toContain('OrderFound');
    expect(placeCallsFor(order)).toBe(1);
  });

  it('by "terminate" and a new start finds the order that was placed', async () => {
    const { order, id } = await beginPlaced();
    await cli.json('workflow', 'terminate', '--workflow-id', id, '--reason', 'a test');
    expect((await cli.describe(id)).status).toBe('WORKFLOW_EXECUTION_STATUS_TERMINATED');
    provision(order);
    await begin(order);
    expect(await cli.closing(id)).toMatchObject({
      status: 'COMPLETED',
      result: { subscriptionNumber: numberOf(order) },
    });
    expect(placeCallsFor(order)).toBe(1);
  });
});

describe('update-with-start', () => {
  it('starts a purchase and answers with the number, in one command, again and again', async () => {
    const order = anOrder();
    rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
    const first = await buy(order, JSON.stringify({ order, within: '30s' }));
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    const second = await buy(order, JSON.stringify({ order, within: '30s' }));
    for (const { stdout } of [first, second]) {
      expect(JSON.parse(stdout)).toMatchObject({
        workflowId: purchaseWorkflowId(order),
        updateResult: { phase: 'Provisioning', subscriptionNumber: numberOf(order) },
      });
    }
    expect(rig.ordersFor(order)).toBe(1);
    await cli.cancel(purchaseWorkflowId(order));
  });

  it('for another order of the same ID is refused, and the first goes on', async () => {
    const { order, id } = await beginPlaced();
    const other = { ...order, orderLines: [{ productId: 'another', quantity: 1 }] };
    const { exitCode, stderr } = await buy(other, JSON.stringify({ order: other }));
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('OrderConflict');
    expect((await cli.status(id)).phase).toBe('Provisioning');
    expect(rig.ordersFor(order)).toBe(1);
    await cli.cancel(id);
  });

  it('of an order that never will exist fails like the run', async () => {
    const order = anOrder();
    rig.simulator.addFault({
      call: 'place',
      externalSubscriptionId: order.externalSubscriptionId,
      then: { do: 'answer', when: 'before', status: 400, body: { message: 'no such product' } },
    });
    const { exitCode, stderr } = await buy(order);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('no such product');
    const { status, failure } = await cli.closing(purchaseWorkflowId(order));
    expect(status).toBe('FAILED');
    expect(failure?.applicationFailureInfo.type).toBe('OrderRejected');
    expect(failure?.message).toContain('no such product');
  });
});

describe('a history', () => {
  it('has a summary with everything that waits or works', async () => {
    const order = anOrder();
    const { externalSubscriptionId } = order;
    refuseOnce(order);
    rig.simulator.addFault({
      call: 'place',
      externalSubscriptionId,
      skip: 1,
      then: { do: 'drop', when: 'before' },
    });
    rig.simulator.setStatus(externalSubscriptionId, 'Created');
    const id = await begin(order);
    await inPhase(id, 'ActionRequired');
    await cli.signal(id, 'retry');
    await inPhase(id, 'Confirming');
    const waiting = cli.answer(id, 'orderPlaced', '{"within": "1m"}');
    await inPhase(id, 'Provisioning');
    expect(await waiting).toMatchObject({ subscriptionNumber: numberOf(order) });
    await cli.cancel(id);
    expect((await cli.closing(id)).status).toBe('CANCELED');
    expect(rig.ordersFor(order)).toBe(1);

    const { timeline } = await cli.status(id);
    const happened = timeline.map(({ event }) => event);
    expect(happened).toEqual(expect.arrayContaining(['Parked', 'Resumed', 'OutcomeUnknown', 'OrderPlaced']));
    expect(await summariesOf(id)).toEqual(
      expect.arrayContaining([
        'Log in to the portal, to place orders',
        'Look for the order at the portal, and place it if it is not there',
        'Ask the portal where the order stands',
        'Parked (NotPermitted): wait for a person to act',
        'Wait before looking for an order whose outcome is unknown',
        'A caller waits for the subscription number',
        'Wait before asking the portal again',
      ]),
    );
  });

  it('has one with the wait for a portal that rests, and with the end of a cancelled run', async () => {
    const { id } = await beginHeldBack();
    await cli.signal(id, 'cancel');
    await cli.closing(id);
    expect(await summariesOf(id)).toEqual(
      expect.arrayContaining([expect.stringContaining('Wait for the portal'), 'End this run as Canceled']),
    );
  });
});

describe('a bad input', () => {
  let quiet: Rig;
  beforeAll(async () => {
    quiet = await Rig.start(env);
  });
  afterAll(async () => {
    await quiet?.stop();
  });

  const order = anOrder();
  const good = { order, options: QUICK };
  const bad: readonly (readonly [name: string, inputs: readonly string[], problem: string])[] = [
    ['null', ['null'], 'the input must be one object'],
    ['a text', ['"text"'], 'the input must be one object'],
    ['an empty object', ['{}'], 'order'],
    ['no order', [JSON.stringify({ options: {} })], 'order'],
    [
      'a negative quantity',
      [JSON.stringify({ order: { ...order, orderLines: [{ productId: 'p', quantity: -1 }] } })],
      'order.orderLines[0].quantity',
    ],
    ['an unknown option', [JSON.stringify({ order, options: { retries: 5 } })], 'retries'],
    [
      'a bad duration',
      [JSON.stringify({ order, options: { polling: { deadline: 'soon' } } })],
      'options.polling.deadline',
    ],
    ['an array', [JSON.stringify([good])], 'the input must be one object'],
    ['a number', ['42'], 'the input must be one object'],
    ['no input at all', [], 'the input must be one object'],
    ['order and options as two inputs', [JSON.stringify(order), JSON.stringify(QUICK)], 'order'],
  ];

  it.each(bad)('(%s) ends the run as Failed, once and for all', async (_name, inputs, problem) => {
    const id = purchaseWorkflowId(order);
    await cli.start(quiet.taskQueue, id, ...inputs);
    const { status, failure } = await cli.closing(id);
    expect(status).toBe('FAILED');
    expect(failure?.applicationFailureInfo).toMatchObject({ type: 'InvalidOrder', nonRetryable: true });
    expect(failure?.message).toContain(problem);
    expect(failure?.message).not.toMatch(/^\s+at /m);
    expect(failure?.cause).toBeUndefined();
    const { phase, lastError, actionRequired } = await cli.status(id);
    expect({ phase, type: lastError?.type }).toEqual({ phase: 'Failed', type: 'InvalidOrder' });
    expect(actionRequired).toContain('Correct the order');
    const troubled = (await cli.events(id)).filter(({ eventType }) =>
      eventType.includes('WORKFLOW_TASK_FAILED'),
    );
    expect(troubled).toEqual([]);
    expect(quiet.simulator.journal).toEqual([]);
  });
});
