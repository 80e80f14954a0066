import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anOrder } from '../helpers/orders.js';
import { CALLERS, isLeftOut } from './callers.js';
import { fileOf, Scene } from './scene.js';

const racers = CALLERS.filter((caller) => !isLeftOut(caller));
const names = racers.map(({ name }) => name).join(', ');

describe('a race', () => {
  let scene: Scene;

  beforeAll(async () => {
    for (const { prepare } of racers) await prepare();
    scene = await Scene.open();
  });

  afterAll(async () => {
    await scene?.close();
  });

  it.each([1, 2, 3])(`race %i: ${names} buy one order, and get one number`, async () => {
    const order = anOrder();
    scene.slow(order);
    const file = await fileOf(order);
    const programs = racers.map(({ purchaseCommand }) => scene.start(purchaseCommand(file)));
    const endings = await Promise.all(programs.map((program) => program.end()));
    const [committed] = scene.stage.simulator.orders(order.externalSubscriptionId);
    const { subscriptionNumber } = committed ?? {};
    expect(endings).toMatchObject(
      racers.map(() => ({
        exitCode: 0,
        lines: [{ subscriptionNumber }, { outcome: 'Provisioned', subscriptionNumber }],
      })),
    );
    expect(scene.ordersOf(order)).toBe(1);
  });

  it(`race: of two orders under the same IDs, one is bought by ${names}, and the other is no one's`, async () => {
    const order = anOrder();
    scene.slow(order);
    const other = { ...order, orderLines: [{ productId: '2c92a0ff', quantity: 11 }] };
    const files = [await fileOf(order), await fileOf(other)];
    const programs = racers.flatMap(({ purchaseCommand }) =>
      files.map((file) => scene.start(purchaseCommand(file))),
    );
    const endings = await Promise.all(programs.map((program) => program.end()));
    const [committed] = scene.stage.simulator.orders(order.externalSubscriptionId);
    const bought = Reflect.get(Object(committed?.body), 'orderLines')[0].quantity === 10 ? 0 : 1;
    expect(endings).toMatchObject(
      endings.map((_ending, index) =>
        index % 2 === bought
          ? { exitCode: 0, lines: [{}, { subscriptionNumber: committed?.subscriptionNumber }] }
          : { exitCode: 1, lines: [{ failure: 'OrderConflict' }] },
      ),
    );
    expect(scene.ordersOf(order)).toBe(1);
  });
});
