import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TASK_QUEUE, workflowIdOf, type Order } from '../../src/contract/index.js';
import { anOrder, QUICK } from '../helpers/orders.js';
import { isLeftOut, type WholeCaller } from './callers.js';
import type { Ending, Program } from './program.js';
import { fileOf, Scene } from './scene.js';

const NUMBER = { subscriptionNumber: expect.stringMatching(/^A-S\d{8}$/) };

/** What every example must do, by the command line that all share. */
export function testCaller(caller: WholeCaller): void {
  const { name, needs } = caller;
  const isOut = isLeftOut(caller);
  describe.skipIf(isOut)(`${name}${isOut ? ` is left out: it needs ${needs}` : ''}`, () => {
    let scene: Scene;

    beforeAll(async () => {
      await caller.prepare();
      scene = await Scene.open();
    });

    afterAll(async () => {
      await scene?.close();
    });

    const run = (...args: readonly string[]): Promise<Ending> => scene.run(caller.command(...args));
    const buy = async (order: unknown): Promise<Ending> =>
      scene.run(caller.purchaseCommand(await fileOf(order)));
    const begin = async (order: Order): Promise<Program> =>
      scene.start(caller.purchaseCommand(await fileOf(order)));
    const ask = (command: 'status' | 'cancel', { tradingPartnerId, externalSubscriptionId }: Order) =>
      run(command, tradingPartnerId, externalSubscriptionId);

    describe('an order that is provisioned', () => {
      // What JavaScript leaves as it is, what it escapes, and what a URL or a shell would change.
      const order = anOrder({ externalSubscriptionId: `EXT !'()*~-_. äß€😀 /?&=+:;%2F${process.pid}` });
      let first: Ending;

      it(`${name}: a purchase prints its number, then its result`, async () => {
        first = await buy(order);
        expect(first).toMatchObject({ exitCode: 0, lines: [NUMBER, { outcome: 'Provisioned', ...NUMBER }] });
        expect(scene.stage.simulator.orders(order.externalSubscriptionId)).toMatchObject([
          { body: order, subscriptionNumber: Reflect.get(Object(first.lines[0]), 'subscriptionNumber') },
        ]);
      });

      it(`${name}: its trading partner takes turns with others`, async () => {
        const [started] = await scene.temporal.events(workflowIdOf(order));
        expect(started).toMatchObject({
          workflowExecutionStartedEventAttributes: { priority: { fairnessKey: order.tradingPartnerId } },
        });
      });

      it(`${name}: the same order again, after the end, prints the same`, async () => {
        expect(await buy(order)).toMatchObject({ exitCode: 0, lines: first.lines });
        expect(scene.ordersOf(order)).toBe(1);
      });

      it(`${name}: another order under the same IDs, after the end, is an OrderConflict`, async () => {
        expect(await buy(another(order))).toMatchObject(failed('OrderConflict'));
        expect(scene.ordersOf(order)).toBe(1);
      });
    });

    describe('an order whose license takes long', () => {
      const order = anOrder({ orderLines: [{ productId: 'never-provisions', quantity: 1 }] });
      let program: Program;

      it(`${name}: the number comes as soon as the order exists`, async () => {
        program = await begin(order);
        expect(await program.firstLine()).toEqual(NUMBER);
        expect(await scene.temporal.status(workflowIdOf(order))).toMatchObject({ phase: 'Provisioning' });
      });

      it(`${name}: the same order again gets the same number`, async () => {
        const second = await begin(order);
        expect(await second.firstLine()).toEqual(await program.firstLine());
        await second.stop();
        expect(scene.ordersOf(order)).toBe(1);
      });

      it(`${name}: another order under the same IDs is an OrderConflict`, async () => {
        expect(await buy(another(order))).toMatchObject(failed('OrderConflict'));
      });

      it(`${name}: status tells where it stands`, async () => {
        const { exitCode, lines } = await ask('status', order);
        expect({ exitCode, lines }).toMatchObject({
          exitCode: 0,
          lines: [{ phase: 'Provisioning', externalSubscriptionId: order.externalSubscriptionId, ...NUMBER }],
        });
      });

      it(`${name}: cancel is too late for an order that exists`, async () => {
        expect(await ask('cancel', order)).toMatchObject({
          exitCode: 0,
          lines: [{ effect: 'too-late', ...NUMBER }],
        });
      });

      it(`${name}: a purchase that is cancelled is told apart`, async () => {
        await scene.cancel(order);
        const { exitCode, lines } = await program.end();
        expect({ exitCode, last: lines.at(-1) }).toMatchObject({
          exitCode: 1,
          last: { failure: 'Cancelled', message: expect.any(String) },
        });
      });
    });

    describe('an order that waits for a person', () => {
      const order = anOrder();

      it(`${name}: a parked purchase says what a person must do, and ends with 3`, async () => {
        scene.forbid(order);
        expect(await buy(order)).toMatchObject({
          exitCode: 3,
          lines: [{ phase: 'ActionRequired', actionRequired: expect.stringContaining('partnerorderops') }],
        });
      });

      it(`${name}: cancel finds that no order was placed`, async () => {
        expect(await ask('cancel', order)).toMatchObject({ exitCode: 0, lines: [{ effect: 'not-placed' }] });
        expect(scene.ordersOf(order)).toBe(0);
      });

      it(`${name}: cancel of what has ended is told apart`, async () => {
        // Who cancelled is answered a moment before the run ends.
        expect((await scene.temporal.closing(workflowIdOf(order))).status).toBe('CANCELED');
        const { exitCode, lines } = await ask('cancel', order);
        expect({ exitCode, lines }).toMatchObject({
          exitCode: 1,
          lines: [{ failure: expect.stringMatching(/^(NotFound|Ended)$/) }],
        });
      });

      it(`${name}: once nothing was placed, another order under the same IDs is bought`, async () => {
        scene.stage.simulator.clearFaults();
        const { exitCode, lines } = await buy(another(order));
        expect({ exitCode, lines }).toMatchObject({ exitCode: 0, lines: [NUMBER, NUMBER] });
        expect(scene.ordersOf(order)).toBe(1);
      });
    });

    it(`${name}: a purchase without an order in time says where it stands, and ends with 3`, async () => {
      const order = anOrder();
      scene.hidePortal(order);
      expect(await buy(order)).toMatchObject({ exitCode: 3, lines: [{ phase: 'Placing' }] });
      scene.stage.simulator.clearFaults();
      expect(await ask('cancel', order)).toMatchObject({ exitCode: 0, lines: [{ effect: 'not-placed' }] });
    });

    it(`${name}: an order that was amended is the order from then on`, async () => {
      const order = anOrder();
      scene.forbid(order);
      expect(await buy(order)).toMatchObject({ exitCode: 3 });
      scene.stage.simulator.clearFaults();
      await scene.temporal.answer(workflowIdOf(order), 'amendOrder', JSON.stringify(another(order)));
      await scene.temporal.closing(workflowIdOf(order));
      expect(await buy(order)).toMatchObject(failed('OrderConflict'));
      expect(await buy(another(order))).toMatchObject({ exitCode: 0, lines: [NUMBER, NUMBER] });
    });

    it(`${name}: a run that has more inputs than one, as one that continues another has, is read too`, async () => {
      const order = anOrder();
      const id = workflowIdOf(order);
      await scene.temporal.start(TASK_QUEUE, id, JSON.stringify({ order, options: QUICK }), 'null');
      expect((await scene.temporal.closing(id)).status).toBe('COMPLETED');
      expect(await buy(order)).toMatchObject({ exitCode: 0, lines: [NUMBER, { outcome: 'Provisioned' }] });
    });

    it(`${name}: an order whose provisioning failed stands, and keeps its IDs`, async () => {
      const order = anOrder({ orderLines: [{ productId: 'fails', quantity: 1 }] });
      const { exitCode, lines } = await buy(order);
      expect({ exitCode, lines }).toMatchObject({
        exitCode: 1,
        lines: [NUMBER, { failure: 'ProvisioningFailed' }],
      });
      expect(await buy(another(order))).toMatchObject(failed('OrderConflict'));
    });

    it(`${name}: an order that the portal refuses is OrderRejected`, async () => {
      const order = anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] });
      expect(await buy(order)).toMatchObject(failed('OrderRejected'));
    });

    it.each([
      ['an order for no seat', anOrder({ orderLines: [{ productId: 'p', quantity: 0 }] })],
      ['an order without IDs', { customer: {} }],
    ])(`${name}: %s is an InvalidOrder`, async (_what, order) => {
      expect(await buy(order)).toMatchObject(failed('InvalidOrder'));
    });

    it(`${name}: status of what nobody bought is NotFound`, async () => {
      expect(await ask('status', anOrder())).toMatchObject(failed('NotFound'));
    });
  });
}

function another(order: Order): Order {
  return { ...order, orderLines: [{ productId: '2c92a0ff', quantity: 11 }] };
}

/** It printed the failure alone. */
function failed(failure: string): object {
  return { exitCode: 1, lines: [{ failure, message: expect.stringMatching(/./) }] };
}
