import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { EncryptionCodec, parseKeyRing } from '../../src/codec/index.js';
import { workflowIdOf, type Order } from '../../src/contract/index.js';
import { aKey, ringText } from '../helpers/keys.js';
import { anOrder } from '../helpers/orders.js';
import { decodedIn, foundIn, readableIn } from '../helpers/raw.js';
import { example, go, isLeftOut, python, type WholeCaller } from './callers.js';
import type { Ending, Program } from './program.js';
import { fileOf, Scene } from './scene.js';

// Callers with a codec of their own, on a worker with a key ring; and what the server keeps of their purchases.

const NUMBER = { subscriptionNumber: expect.stringMatching(/^A-S\d{8}$/) };
const PROVISIONED = [NUMBER, { outcome: 'Provisioned', ...NUMBER }];

const RING = ringText(aKey('2026-11', 7), aKey('2025-11', 8));
const codec = new EncryptionCodec(parseKeyRing(RING));

const CUSTOMER_WORDS = ['companyName', 'Example GmbH', 'Lovelace', 'ada@example.com', 'Unter den Linden'];

interface EncryptingCaller {
  readonly caller: WholeCaller;
  /** Holds its codec against the vectors, and against changed payloads. */
  readonly selfCheck: () => readonly string[];
  /** What the check prints when it has checked something and found nothing wrong. */
  readonly isRight: RegExp;
}

const CALLERS: readonly EncryptingCaller[] = [
  {
    caller: python,
    selfCheck: () => [join(inject('workshop'), 'python/bin/python'), '-B', '-m', 'unittest', 'test_codec'],
    isRight: /^Ran [1-9]\d* tests.*^OK$/ms,
  },
  {
    caller: go,
    selfCheck: () => ['go', 'test', '-mod=readonly', '-count=1', '-v', '.'],
    isRight: /^--- PASS: TestEachVectorIsDecodedAndSurvivesEncoding .*^PASS$/ms,
  },
];

const here = CALLERS.filter(({ caller }) => !isLeftOut(caller));

let scene: Scene;
let connection: Connection;
/** Leads a caller to the worker's keys. */
let withKeys: NodeJS.ProcessEnv;

beforeAll(async () => {
  for (const { caller } of here) await caller.prepare();
  withKeys = await keysFile(RING);
  scene = await Scene.open(withKeys);
  connection = await Connection.connect({ address: scene.stage.server.address });
});

afterAll(async () => {
  await connection?.close();
  await scene?.close();
});

async function keysFile(ring: string): Promise<NodeJS.ProcessEnv> {
  const file = join(inject('workshop'), `keys-${crypto.randomUUID()}.json`);
  await writeFile(file, ring, { mode: 0o600 });
  return { MARKETPLACE_CODEC_KEYS_FILE: file };
}

function aCustomersOrder(changes: Partial<Order> = {}): Order {
  return anOrder({ reference: 'Unter den Linden 1', ...changes });
}

function another(order: Order): Order {
  return { ...order, orderLines: [{ productId: '2c92a0ff', quantity: 11 }] };
}

async function buy(caller: WholeCaller, order: Order, env: NodeJS.ProcessEnv): Promise<Ending> {
  return scene.run(caller.purchaseCommand(await fileOf(order)), env);
}

async function begin(caller: WholeCaller, order: Order): Promise<Program> {
  return scene.start(caller.purchaseCommand(await fileOf(order)), withKeys);
}

async function ask(
  caller: WholeCaller,
  command: 'status' | 'cancel',
  { tradingPartnerId, externalSubscriptionId }: Order,
  env: NodeJS.ProcessEnv,
): Promise<Ending> {
  return scene.run(caller.command(command, tradingPartnerId, externalSubscriptionId), env);
}

/** What the server keeps of a purchase and tells of it, as it comes over the wire. */
async function rawAnswersAbout(order: Order): Promise<readonly object[]> {
  const execution = { workflowId: workflowIdOf(order) };
  const { namespace } = scene.stage.server;
  return [
    await connection.workflowService.getWorkflowExecutionHistory({ namespace, execution }),
    await connection.workflowService.describeWorkflowExecution({ namespace, execution }),
  ];
}

/** Which of the words the server's answers about a purchase hold, for anyone and for who has the keys. */
async function found(
  words: readonly string[],
  order: Order,
): Promise<{ byAnyone: string[]; withKeys: string[] }> {
  const answers = await rawAnswersAbout(order);
  const clear = await decodedIn(answers, codec);
  return {
    byAnyone: foundIn(answers, words),
    withKeys: words.filter((word) => clear.includes(word)),
  };
}

/** The payloads that anyone can read, of those that callers wrote. */
async function readableFromCallers(order: Order): Promise<string[]> {
  const readable = readableIn(await rawAnswersAbout(order));
  return readable.filter((path) => /ExecutionStarted|UpdateAccepted/.test(path));
}

/** It printed nothing but what is wrong with the keys. */
function refused(words: string): object {
  return { exitCode: 2, lines: [], stderr: expect.stringContaining(words) };
}

describe.each(CALLERS)('$caller.name', ({ caller, selfCheck, isRight }) => {
  const { name, needs } = caller;
  const isOut = isLeftOut(caller);
  describe.skipIf(isOut)(`encrypted${isOut ? ` is left out: it needs ${needs}` : ''}`, () => {
    it(`${name}, encrypted: the codec holds against the vectors that all languages share`, async () => {
      const [executable = '', ...args] = selfCheck();
      const { stdout, stderr } = await promisify(execFile)(executable, args, { cwd: example(name) });
      expect(stdout + stderr).toMatch(isRight);
    });

    describe('an order that is provisioned', () => {
      const order = aCustomersOrder();
      let first: Ending;

      it(`${name}, encrypted: a purchase prints its number, then its result`, async () => {
        first = await buy(caller, order, withKeys);
        expect(first).toMatchObject({ exitCode: 0, lines: PROVISIONED });
        expect(scene.stage.simulator.orders(order.externalSubscriptionId)).toMatchObject([{ body: order }]);
      });

      it(`${name}, encrypted: nothing of the customer is readable in its history`, async () => {
        expect(await found(CUSTOMER_WORDS, order)).toEqual({ byAnyone: [], withKeys: CUSTOMER_WORDS });
        expect(await readableFromCallers(order)).toEqual([]);
      });

      it(`${name}, encrypted: the same order again, after the end, prints the same`, async () => {
        expect(await buy(caller, order, withKeys)).toMatchObject({ exitCode: 0, lines: first.lines });
        expect(scene.ordersOf(order)).toBe(1);
      });

      it(`${name}, encrypted: another order under the same IDs, after the end, is an OrderConflict`, async () => {
        expect(await buy(caller, another(order), withKeys)).toMatchObject({
          exitCode: 1,
          lines: [{ failure: 'OrderConflict' }],
        });
        expect(scene.ordersOf(order)).toBe(1);
      });
    });

    describe('an order whose license takes long', () => {
      const order = aCustomersOrder({ orderLines: [{ productId: 'never-provisions', quantity: 1 }] });
      let program: Program;

      it(`${name}, encrypted: the number comes as soon as the order exists`, async () => {
        program = await begin(caller, order);
        expect(await program.firstLine()).toEqual(NUMBER);
      });

      it(`${name}, encrypted: status tells where it stands`, async () => {
        expect(await ask(caller, 'status', order, withKeys)).toMatchObject({
          exitCode: 0,
          lines: [{ phase: 'Provisioning', externalSubscriptionId: order.externalSubscriptionId, ...NUMBER }],
        });
      });

      it(`${name}, encrypted: another order under the same IDs is an OrderConflict that says why`, async () => {
        expect(await buy(caller, another(order), withKeys)).toMatchObject({
          exitCode: 1,
          lines: [{ failure: 'OrderConflict', message: expect.stringContaining('another order') }],
        });
      });

      it(`${name}, encrypted: without the keys, status says that they are missing`, async () => {
        expect(await ask(caller, 'status', order, {})).toMatchObject(
          refused('no keys are set: name the key ring in MARKETPLACE_CODEC_KEYS_FILE'),
        );
      });

      it(`${name}, encrypted: with other keys, status says which key is missing`, async () => {
        const others = await keysFile(ringText(aKey('2025-11', 8)));
        expect(await ask(caller, 'status', order, others)).toMatchObject(
          refused('encrypted with key "2026-11": add it to the key ring'),
        );
      });

      it(`${name}, encrypted: with another key under the same ID, status says to compare them`, async () => {
        const others = await keysFile(ringText(aKey('2026-11', 9)));
        expect(await ask(caller, 'status', order, others)).toMatchObject(refused('Compare the key rings'));
      });

      it(`${name}, encrypted: with a key ring that is none, it says what is wrong, and calls nobody`, async () => {
        const none = await keysFile('{ "keys": [{ "id": "2026-11", "key": "c2VjcmV0" }] }');
        const ending = await ask(caller, 'status', order, none);
        expect(ending).toMatchObject(refused('MARKETPLACE_CODEC_KEYS_FILE: keys[0].key must be 32 bytes'));
        expect(ending.stderr).not.toContain('c2VjcmV0');
      });

      it(`${name}, encrypted: with keys where it does not look, it sends nothing in clear`, async () => {
        const inline = { MARKETPLACE_CODEC_KEYS: ringText(aKey('2026-11', 9)) };
        expect(await ask(caller, 'status', order, inline)).toMatchObject(
          refused('MARKETPLACE_CODEC_KEYS is not read here'),
        );
      });

      it(`${name}, encrypted: cancel is too late for an order that exists`, async () => {
        expect(await ask(caller, 'cancel', order, withKeys)).toMatchObject({
          exitCode: 0,
          lines: [{ effect: 'too-late', ...NUMBER }],
        });
        await scene.cancel(order);
        const { lines } = await program.end();
        expect(lines.at(-1)).toMatchObject({ failure: 'Cancelled' });
        expect(await found(CUSTOMER_WORDS, order)).toEqual({ byAnyone: [], withKeys: CUSTOMER_WORDS });
        expect(await readableFromCallers(order)).toEqual([]);
      });
    });

    describe('an order that the portal refuses', () => {
      const order = aCustomersOrder();

      it(`${name}, encrypted: OrderRejected says in clear what the portal said`, async () => {
        scene.stage.simulator.addFault({
          call: 'place',
          externalSubscriptionId: order.externalSubscriptionId,
          times: 'always',
          then: [{ do: 'answer', when: 'before', status: 422, body: { error: 'not so: sanctions list' } }],
        });
        expect(await buy(caller, order, withKeys)).toMatchObject({
          exitCode: 1,
          lines: [
            {
              failure: 'OrderRejected',
              message: expect.stringContaining('not so: sanctions list'),
            },
          ],
        });
        const words = [...CUSTOMER_WORDS, 'sanctions list'];
        expect(await found(words, order)).toEqual({ byAnyone: [], withKeys: words });
      });

      it(`${name}, encrypted: without the keys, the same order again says that they are missing`, async () => {
        expect(await buy(caller, order, {})).toMatchObject(refused('no keys are set'));
        expect(scene.ordersOf(order)).toBe(0);
      });
    });

    it(`${name}, encrypted: without the keys, a purchase says that they are missing; with them, it is found`, async () => {
      const order = aCustomersOrder();
      expect(await buy(caller, order, {})).toMatchObject(refused('no keys are set'));
      // The price of it, and the proof that the search above finds what is there.
      expect(await found(CUSTOMER_WORDS, order)).toMatchObject({ byAnyone: CUSTOMER_WORDS });
      expect(await readableFromCallers(order)).not.toEqual([]);
      expect(await buy(caller, order, withKeys)).toMatchObject({ exitCode: 0, lines: PROVISIONED });
      expect(scene.ordersOf(order)).toBe(1);
    });

    it(`${name}, encrypted: what it bought is found by the others`, async () => {
      const order = aCustomersOrder();
      const { lines } = await buy(caller, order, withKeys);
      expect(lines).toMatchObject(PROVISIONED);
      for (const { caller: other } of here) {
        expect(await buy(other, order, withKeys)).toMatchObject({ exitCode: 0, lines });
      }
      expect(scene.ordersOf(order)).toBe(1);
    });
  });
});
