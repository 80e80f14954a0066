import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workflowIdOf } from '../../src/contract/index.js';
import { startDevServer, type DevServer } from '../../src/temporal/index.js';
import { anOrder } from '../helpers/orders.js';
import { TemporalCli } from '../helpers/temporal-cli.js';
import { go, isLeftOut, python, typescript } from './callers.js';
import { Program } from './program.js';
import { fileOf } from './scene.js';

const NO_WORKER = { exitCode: 1, lines: [{ failure: 'NoWorker', message: expect.any(String) }] };

describe('without a worker', () => {
  let server: DevServer;
  let temporal: TemporalCli;

  beforeAll(async () => {
    server = await startDevServer({ port: 0, uiPort: 0 });
    temporal = await TemporalCli.on(server.address);
  });

  afterAll(async () => {
    await server?.stop();
  });

  describe.each([
    // Its client knows that the purchase is started, and what the server keeps of it.
    { caller: typescript, purchase: { exitCode: 3 }, status: { exitCode: 0, lines: [{ phase: 'Placing' }] } },
    { caller: python, purchase: NO_WORKER, status: NO_WORKER },
    { caller: go, purchase: NO_WORKER, status: NO_WORKER },
  ])('$caller.name', ({ caller, purchase, status }) => {
    it.skipIf(isLeftOut(caller))(
      `${caller.name}: a purchase without a worker is started, and nobody answers`,
      async () => {
        await caller.prepare();
        const order = anOrder();
        const run = (command: readonly string[]) =>
          new Program(command, { TEMPORAL_ADDRESS: server.address }).end();
        expect(await run(caller.purchaseCommand(await fileOf(order)))).toMatchObject(purchase);
        const { tradingPartnerId, externalSubscriptionId } = order;
        expect(await run(caller.command('status', tradingPartnerId, externalSubscriptionId))).toMatchObject(
          status,
        );
        expect(await temporal.events(workflowIdOf(order))).toMatchObject([
          { eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED' },
          { eventType: 'EVENT_TYPE_WORKFLOW_TASK_SCHEDULED' },
        ]);
      },
      600_000,
    );
  });
});
