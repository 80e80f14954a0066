import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { purchaseWorkflowId, type Order, type PurchaseOptions } from '../../src/contract/index.js';
import { eventually } from '../helpers/eventually.js';
import { marketplace } from '../helpers/marketplace.js';
import { anOrder } from '../helpers/orders.js';
import type { WorkerProcess } from '../helpers/processes.js';
import { TemporalCli } from '../helpers/temporal-cli.js';
import { inParallel } from '../helpers/worker-load.js';
import { WorkerRig } from '../helpers/worker-rig.js';
import { endingOf, ONE_ORDER } from '../helpers/worker-truth.js';

// Workers of version A, then of version B, with purchases under way in each phase.

const TIMEOUT = 300_000;
const TASK_QUEUE = 'marketplace-purchases';

const findings = z.array(z.looseObject({ check: z.string(), state: z.string(), message: z.string() }));
const versioned = z.object({
  workflowExecutionInfo: z.object({
    versioningInfo: z.object({ behavior: z.string(), deploymentVersion: z.object({ buildId: z.string() }) }),
  }),
});

let rig: WorkerRig;
let cli: TemporalCli;

beforeAll(async () => {
  rig = await WorkerRig.start();
  cli = await TemporalCli.on(rig.address);
});
afterAll(async () => rig?.stop());

function startBuild(buildId: string): Promise<WorkerProcess> {
  return rig.startWorker({ MARKETPLACE_BUILD_ID: buildId });
}

/** Runs the command that a worker prints when it is ready. */
async function makeCurrent({ stdout }: WorkerProcess): Promise<void> {
  const [, command = ''] = /: temporal (worker deployment set-current-version .*)$/m.exec(stdout) ?? [];
  const { exitCode, stderr } = await cli.run(...command.split(' '), '--yes');
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
}

/** What `doctor` says of the workers' builds. */
async function builds() {
  const { stdout } = await marketplace(['doctor', '-o', 'json'], { TEMPORAL_ADDRESS: rig.address });
  return findings.parse(JSON.parse(stdout)).find(({ check }) => check === 'worker builds');
}

async function versionOf(order: Order) {
  const answer = await cli.json('workflow', 'describe', '--workflow-id', purchaseWorkflowId(order));
  const { behavior, deploymentVersion } = versioned.parse(answer).workflowExecutionInfo.versioningInfo;
  return { behavior, buildId: deploymentVersion.buildId };
}

async function workflowTasksOf(order: Order): Promise<number> {
  const events = await cli.events(purchaseWorkflowId(order));
  return events.filter(({ eventType }) => eventType === 'EVENT_TYPE_WORKFLOW_TASK_STARTED').length;
}

/** Begins a purchase that GitLab provisions only when the test says so. */
async function provisioning(): Promise<Order> {
  const order = anOrder();
  rig.simulator.setStatus(order.externalSubscriptionId, 'Created');
  await rig.begin(order);
  await rig.until(order, ({ phase, polls }) => phase === 'Provisioning' && polls > 0);
  return order;
}

async function placing(): Promise<Order> {
  const order = anOrder();
  const away = { do: 'drop', when: 'before' } as const;
  const { externalSubscriptionId } = order;
  rig.simulator.addFault({ call: 'find', externalSubscriptionId, times: 'always', then: away });
  await rig.begin(order);
  await rig.until(order, ({ phase, lastError }) => phase === 'Placing' && lastError !== undefined);
  return order;
}

async function confirming(): Promise<Order> {
  const order = anOrder();
  const { externalSubscriptionId } = order;
  rig.simulator.addFault({ call: 'place', externalSubscriptionId, then: { do: 'drop', when: 'before' } });
  const settling = { initialInterval: '1s', maximumInterval: '3s', window: '60s' };
  await rig.begin(order, { settling });
  await rig.until(order, ({ phase }) => phase === 'Confirming');
  return order;
}

async function parked(): Promise<Order> {
  const order = anOrder();
  const { externalSubscriptionId } = order;
  const refusal = { do: 'answer', when: 'before', status: 422, body: { error: 'not today' } } as const;
  rig.simulator.addFault({ call: 'place', externalSubscriptionId, then: refusal });
  const options: PurchaseOptions = { onRejected: 'park' };
  await rig.begin(order, options);
  await rig.until(order, ({ phase }) => phase === 'ActionRequired');
  return order;
}

describe('a rollout from version A to version B', () => {
  it(
    'carries over what is under way in each phase: one order each, none lost',
    async () => {
      const plain = await rig.startWorker();
      const beforeVersions = await provisioning();
      plain.signal('SIGTERM');
      expect(await plain.end()).toBe(0);

      const a = await startBuild('A');
      const held = await rig.begin(anOrder());
      expect(await builds()).toMatchObject({
        state: 'warn',
        message: expect.stringContaining('build A gets no work'),
        hint: expect.stringContaining('set-current-version'),
      });
      expect(await workflowTasksOf(held)).toBe(0);
      await makeCurrent(a);
      expect(await endingOf(rig, held)).toMatchObject(ONE_ORDER);
      expect(await versionOf(held)).toEqual({ behavior: 'VERSIONING_BEHAVIOR_AUTO_UPGRADE', buildId: 'A' });

      const orders = {
        placing: await placing(),
        confirming: await confirming(),
        provisioning: await provisioning(),
        parked: await parked(),
      };
      const b = await startBuild('B');
      expect(await builds()).toMatchObject({
        state: 'warn',
        message: expect.stringMatching(/(?=.*build A)(?=.*build B)/),
      });

      const version = ['--deployment-name', TASK_QUEUE, '--build-id', 'B'];
      await cli.json(
        'worker',
        'deployment',
        'set-ramping-version',
        ...version,
        '--percentage',
        '50',
        '--yes',
      );
      const ramped = await inParallel(
        Array.from({ length: 16 }, () => anOrder()),
        4,
        async (order) => {
          await rig.begin(order);
          expect(await endingOf(rig, order)).toMatchObject(ONE_ORDER);
          return (await versionOf(order)).buildId;
        },
      );
      expect(new Set(ramped)).toEqual(new Set(['A', 'B']));

      await makeCurrent(b);
      a.signal('SIGTERM');
      expect(await a.end()).toBe(0);
      rig.simulator.clearFaults();
      await rig.purchases.retry(orders.parked);
      for (const order of [beforeVersions, orders.provisioning]) {
        rig.simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
      }
      for (const order of [beforeVersions, ...Object.values(orders)]) {
        expect(await endingOf(rig, order)).toMatchObject(ONE_ORDER);
        expect(await versionOf(order)).toEqual({
          behavior: 'VERSIONING_BEHAVIOR_AUTO_UPGRADE',
          buildId: 'B',
        });
      }
      // By then B has told of itself, and A that it stopped.
      const said = await eventually(async () => {
        const found = await builds();
        return found?.state === 'good' && found.message.includes('temporal-typescript') ? found : undefined;
      });
      expect(said.message).toMatch(/^all run temporal-typescript [\d.]+, build B$/);
    },
    TIMEOUT,
  );
});
