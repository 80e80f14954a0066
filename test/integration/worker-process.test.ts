import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { purchaseWorkflowId, type Order, type PurchaseOptions } from '../../src/contract/index.js';
import { startSimulator, type Simulator } from '../../src/simulator/index.js';
import { startDevServer, type DevServer } from '../../src/temporal/index.js';
import { eventually } from '../helpers/eventually.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';
import { startPortalProxy, type PortalProxy } from '../helpers/processes-proxy.js';
import { killWorkers, WorkerProcess } from '../helpers/processes.js';
import { TemporalCli } from '../helpers/temporal-cli.js';

// The worker as operators run it: `node dist/src/worker/main.js`, configured by its environment.

/** With what URLs and forms write in another way, and so unlike anything else that it is sure to be found. */
const CLIENT = { clientId: 'process-client', clientSecret: `hush+${randomUUID()}/%&=ü` };
const TASK_QUEUE = 'purchases-of-processes';

let server: DevServer;
let simulator: Simulator;
let proxy: PortalProxy;
let cli: TemporalCli;

beforeAll(async () => {
  server = await startDevServer({ port: 0, headless: true });
  simulator = await startSimulator({ clients: [CLIENT], progress: { creatingMs: 0, createdMs: 0 } });
  proxy = await startPortalProxy(simulator.url);
  cli = await TemporalCli.on(server.address);
});
afterEach(killWorkers);
afterAll(async () => {
  await killWorkers();
  await proxy?.close();
  await simulator?.close();
  await server?.kill();
});

/** The environment of a worker that has all it needs. */
function environment(): Record<string, string> {
  return {
    TEMPORAL_ADDRESS: server.address,
    MARKETPLACE_PORTAL_URL: proxy.url,
    MARKETPLACE_CLIENT_ID: CLIENT.clientId,
    MARKETPLACE_CLIENT_SECRET: CLIENT.clientSecret,
    MARKETPLACE_TASK_QUEUE: TASK_QUEUE,
  };
}

async function startWorker(changes: Readonly<Record<string, string>> = {}): Promise<WorkerProcess> {
  return new WorkerProcess({ ...environment(), ...changes }).isReady();
}

async function begin(order: Order, options: PurchaseOptions = {}): Promise<string> {
  const id = purchaseWorkflowId(order);
  await cli.start(TASK_QUEUE, id, JSON.stringify(anInput(order, { ...QUICK, ...options })));
  return id;
}

/** An order that is provisioned when the test says so. */
function anOpenOrder(): Order {
  const order = anOrder();
  simulator.setStatus(order.externalSubscriptionId, 'Created');
  return order;
}

function provision({ externalSubscriptionId }: Order): void {
  simulator.setStatus(externalSubscriptionId, 'Provisioned');
}

async function untilPlaced({ externalSubscriptionId }: Order): Promise<void> {
  await eventually(() => simulator.orders(externalSubscriptionId).length > 0 || undefined);
}

function placeCallsFor(order: Order): number {
  return simulator.journal.filter(
    ({ call, externalSubscriptionId }) =>
      call === 'place' && externalSubscriptionId === order.externalSubscriptionId,
  ).length;
}

async function countOf(id: string, eventType: string): Promise<number> {
  return (await cli.events(id)).filter((event) => event.eventType === eventType).length;
}

async function expectCompletedWithOneOrder(id: string, order: Order): Promise<void> {
  const [placed, ...others] = simulator.orders(order.externalSubscriptionId);
  expect(others).toEqual([]);
  expect(await cli.closing(id)).toMatchObject({
    status: 'COMPLETED',
    result: { outcome: 'Provisioned', subscriptionNumber: placed?.subscriptionNumber },
  });
  expect(simulator.orders(order.externalSubscriptionId)).toHaveLength(1);
  expect(placeCallsFor(order)).toBe(1);
}

async function parkedFor(id: string, type: string): Promise<void> {
  await eventually(async () => {
    const { phase, lastError } = await cli.status(id);
    return (phase === 'ActionRequired' && lastError?.type === type) || undefined;
  });
}

/** JSON with its payloads decoded. */
function readable(json: unknown): string {
  const text = JSON.stringify(json);
  const payloads = [...text.matchAll(/"data":"([^"]+)"/g)].map(([, data = '']) =>
    Buffer.from(data, 'base64').toString('utf8'),
  );
  return [text, ...payloads].join('\n');
}

/** Starts a worker that cannot start, and waits for its end. */
async function fails(changes: Readonly<Record<string, string | undefined>>) {
  const worker = new WorkerProcess({ ...environment(), ...changes });
  return { exitCode: await worker.end(), worker };
}

describe('a worker process that is told to stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s says when it is ready, drains and exits with 0',
    async (signal) => {
      const worker = await startWorker();
      expect(worker.stdout).toMatch(/^worker ready: .*purchases-of-processes/m);
      worker.signal(signal);
      expect(await worker.end()).toBe(0);
      expect(worker.stderr).toContain('DRAINED');
    },
  );

  it('in the middle of a purchase leaves it to the next worker', async () => {
    const order = anOpenOrder();
    const first = await startWorker();
    const id = await begin(order);
    await eventually(async () => (await cli.status(id)).polls > 1 || undefined);
    first.signal('SIGTERM');
    expect(await first.end()).toBe(0);
    expect(first.stderr).toContain('DRAINED');

    provision(order);
    await startWorker();
    await expectCompletedWithOneOrder(id, order);
  });

  it.each([
    ['once', []],
    ['again and again', ['SIGTERM', 'SIGINT']],
  ] as const)('%s sees a POST through that is under way', async (_often, again) => {
    const order = anOpenOrder();
    simulator.addFault({
      call: 'place',
      externalSubscriptionId: order.externalSubscriptionId,
      then: { do: 'delay', when: 'after', ms: 3_000 },
    });
    const first = await startWorker();
    const id = await begin(order);
    await untilPlaced(order);
    first.signal('SIGTERM');
    await eventually(() => first.stderr.includes('DRAINING') || undefined);
    for (const signal of again) first.signal(signal);
    expect(await first.end()).toBe(0);
    expect(await countOf(id, 'EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT')).toBe(0);

    provision(order);
    await startWorker();
    await expectCompletedWithOneOrder(id, order);
    const { timeline } = await cli.status(id);
    expect(timeline.map(({ event }) => event)).not.toContain('OutcomeUnknown');
  });

  it('gives back what waits for its turn to call the portal', async () => {
    // One call in twenty seconds: the token is fetched, and all else waits.
    const first = await startWorker({ MARKETPLACE_PORTAL_RATE: '0.05' });
    const order = anOpenOrder();
    const id = await begin(order);
    await eventually(
      async () => (await countOf(id, 'EVENT_TYPE_ACTIVITY_TASK_COMPLETED')) > 0 || undefined,
      600,
    );
    await eventually(async () => {
      const described = JSON.stringify(await cli.json('workflow', 'describe', '--workflow-id', id));
      return (
        /"activityType":\{"name":"placeOrder"\},"state":"PENDING_ACTIVITY_STATE_STARTED"/.test(described) ||
        undefined
      );
    });
    first.signal('SIGTERM');
    expect(await first.end()).toBe(0);
    expect(placeCallsFor(order)).toBe(0);
    const history = readable(await cli.events(id));
    expect(history).toContain('this worker stops, and another one takes over');
    expect(history).not.toContain('EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT');

    provision(order);
    await startWorker();
    await untilPlaced(order);
    await expectCompletedWithOneOrder(id, order);
    expect((await cli.status(id)).timeline.map(({ event }) => event)).not.toContain('OutcomeUnknown');
  }, 120_000);
});

describe('secrets', () => {
  it('are in no output and no history, even of a portal that sends back what it was sent', async () => {
    const worker = await startWorker();
    const order = anOpenOrder();
    simulator.addFault({
      call: 'place',
      externalSubscriptionId: order.externalSubscriptionId,
      then: { do: 'drop', when: 'after' },
    });
    proxy.echo('/oauth/token', 401);
    proxy.echo('/subscriptions', 422);
    const id = await begin(order, { onRejected: 'park' });
    await parkedFor(id, 'InvalidClient');
    await cli.signal(id, 'retry');
    await parkedFor(id, 'OrderRejected');
    await cli.signal(id, 'retry');
    await eventually(async () => (await cli.status(id)).phase === 'Provisioning' || undefined);
    simulator.revokeTokens();
    provision(order);
    await expectCompletedWithOneOrder(id, order);

    const status = await cli.status(id);
    expect(status.timeline.map(({ event }) => event)).toContain('OutcomeUnknown');
    const seen = {
      output: worker.stdout + worker.stderr,
      history: readable(await cli.json('workflow', 'show', '--workflow-id', id)),
      description: readable(await cli.json('workflow', 'describe', '--workflow-id', id)),
      status: JSON.stringify(status),
    };
    // What is searched can be found there at all.
    expect(seen.history).toContain('Lovelace');
    expect(proxy.tokens.size).toBeGreaterThan(1);
    const secrets = [...proxy.tokens, CLIENT.clientSecret].flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      new URLSearchParams({ secret }).toString().slice('secret='.length),
      Buffer.from(secret).toString('base64'),
    ]);
    for (const [where, text] of Object.entries(seen)) {
      // The portal's own word may stay, with nothing behind it.
      const bearer = /bearer (?!\[redacted\]|token).{0,20}/i.exec(text);
      const found = secrets.filter((secret) => text.includes(secret));
      expect({ where, found, bearer }).toEqual({ where, found: [], bearer: null });
    }
    // A log is no place for the customer either.
    expect(seen.output).not.toMatch(/Lovelace|ada@example\.com/);
  });
});

describe('a worker process that cannot start', () => {
  const PASSWORD = 'pa55-in-the-url';

  /** What is changed in a good environment (`undefined`: not set), and what the message must name. */
  const mistakes: readonly (readonly [
    name: string,
    changes: Readonly<Record<string, string | undefined>>,
    named: RegExp,
  ])[] = [
    ['no portal URL', { MARKETPLACE_PORTAL_URL: undefined }, /MARKETPLACE_PORTAL_URL/],
    [
      'a portal URL that is none',
      { MARKETPLACE_PORTAL_URL: 'customers.gitlab.com' },
      /MARKETPLACE_PORTAL_URL/,
    ],
    ['plain http', { MARKETPLACE_PORTAL_URL: 'http://portal.example.com' }, /MARKETPLACE_PORTAL_URL.*https/],
    [
      'a password in the portal URL',
      { MARKETPLACE_PORTAL_URL: `https://user:${PASSWORD}@portal.example.com` },
      /MARKETPLACE_PORTAL_URL.*password/,
    ],
    ['no client ID', { MARKETPLACE_CLIENT_ID: undefined }, /MARKETPLACE_CLIENT_ID/],
    ['no secret', { MARKETPLACE_CLIENT_SECRET: undefined }, /MARKETPLACE_CLIENT_SECRET/],
    [
      'a secret and a file',
      { MARKETPLACE_CLIENT_SECRET_FILE: '/nowhere/secret' },
      /MARKETPLACE_CLIENT_SECRET_FILE/,
    ],
    [
      'a file that is not there',
      { MARKETPLACE_CLIENT_SECRET: undefined, MARKETPLACE_CLIENT_SECRET_FILE: '/nowhere/secret' },
      /MARKETPLACE_CLIENT_SECRET_FILE.*ENOENT/,
    ],
    [
      'a secret with spaces',
      { MARKETPLACE_CLIENT_SECRET: ` ${CLIENT.clientSecret} ` },
      /MARKETPLACE_CLIENT_SECRET.*space/,
    ],
    [
      'a file of several partners, which is not there',
      {
        MARKETPLACE_CLIENT_ID: undefined,
        MARKETPLACE_CLIENT_SECRET: undefined,
        MARKETPLACE_PARTNERS_FILE: '/nowhere/partners.json',
      },
      /MARKETPLACE_PARTNERS_FILE.*ENOENT/,
    ],
    ['a TLS switch in capitals', { TEMPORAL_TLS: 'True' }, /TEMPORAL_TLS/],
    ['a Temporal that is not there', { TEMPORAL_ADDRESS: '127.0.0.1:1' }, /TEMPORAL_ADDRESS|127\.0\.0\.1:1/],
    ['a namespace that is not there', { TEMPORAL_NAMESPACE: 'nowhere' }, /nowhere/],
  ];

  it.each(mistakes)(
    '(%s) says why in one message, and exits with an error',
    async (_name, changes, named) => {
      const { exitCode, worker } = await fails(changes);
      expect(exitCode).toBe(1);
      expect(worker.stderr).toMatch(named);
      expect(worker.stdout).toBe('');
      expectOneMessage(worker.stderr);
    },
  );

  it('names all mistakes at once', async () => {
    const { exitCode, worker } = await fails({
      MARKETPLACE_PORTAL_URL: undefined,
      MARKETPLACE_CLIENT_ID: '',
      MARKETPLACE_CLIENT_SECRET: undefined,
      TEMPORAL_TLS: 'yes',
    });
    expect(exitCode).toBe(1);
    for (const name of ['PORTAL_URL', 'CLIENT_ID', 'CLIENT_SECRET', 'TEMPORAL_TLS']) {
      expect(worker.stderr).toContain(name);
    }
  });

  it('(a search attribute of another type) says why in one message', async () => {
    const attribute = ['search-attribute', 'create', '--name', 'PurchasePhase', '--type', 'Int'];
    await cli.json('operator', 'namespace', 'create', '--namespace', 'odd');
    // A new namespace is known everywhere only after a moment.
    await eventually(async () => {
      const { exitCode } = await cli.run('operator', ...attribute, '--namespace', 'odd');
      return exitCode === 0 || undefined;
    });
    const { exitCode, worker } = await fails({ TEMPORAL_NAMESPACE: 'odd' });
    expect(exitCode).toBe(1);
    expect(worker.stderr).toMatch(/PurchasePhase is Int/);
    expectOneMessage(worker.stderr);
  });

  function expectOneMessage(stderr: string): void {
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stderr).not.toMatch(/[{}]|Error\b.*Error\b/);
    expect(stderr).not.toContain(CLIENT.clientSecret);
    expect(stderr).not.toContain(PASSWORD);
    expect(stderr.split('\n').filter((line) => line.startsWith('  - ')).length).toBeLessThanOrEqual(1);
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(3);
  }
});
