import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Order } from '../../src/contract/index.js';
import { anOrder } from '../helpers/orders.js';
import { testCaller } from './caller-tests.js';
import { typescript } from './callers.js';
import { fileOf, Scene } from './scene.js';

testCaller(typescript);

describe('typescript, by HTTP', () => {
  let scene: Scene;

  beforeAll(async () => {
    await typescript.prepare();
    scene = await Scene.open();
  });

  afterAll(async () => {
    await scene?.close();
  });

  /** The HTTP status of each call of a purchase. */
  const statusesOf = async (order: Order): Promise<readonly string[]> => {
    const { stderr } = await scene.run(typescript.purchaseCommand(await fileOf(order)));
    return [...new Set(stderr.trim().split('\n'))];
  };

  it('typescript: answers 201, and the result with 202 until there is one', async () => {
    const order = anOrder();
    expect(await statusesOf(order)).toEqual(['POST 201', 'GET 202', 'GET 200']);
    expect(await statusesOf({ ...order, note: 'another' })).toEqual(['POST 409']);
  });

  it('typescript: answers 202 to a purchase that waits for a person', async () => {
    const order = anOrder();
    scene.forbid(order);
    expect(await statusesOf(order)).toEqual(['POST 202']);
  });

  it.each(['refuse-me', ''])('typescript: answers 422 to an order for "%s"', async (productId) => {
    expect(await statusesOf(anOrder({ orderLines: [{ productId, quantity: 1 }] }))).toEqual(['POST 422']);
  });

  it('typescript: answers 404 to who asks for what nobody bought', async () => {
    expect((await scene.run(typescript.command('status', 'TP', 'EXT'))).stderr).toBe('GET 404\n');
  });
});
