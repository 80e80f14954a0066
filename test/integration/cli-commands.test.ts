import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { purchaseWorkflowId, type Order, type PurchaseOptions } from '../../src/contract/index.js';
import { DEMO_CLIENT, startSimulator, type Simulator } from '../../src/simulator/index.js';
import { startDevServer, type DevServer } from '../../src/temporal/index.js';
import { eventually } from '../helpers/eventually.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';

// The built command line against a real server, portal simulator and worker. `npm test` builds it.

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let server: DevServer;
let simulator: Simulator;
let worker: ChildProcess;
let folder: string;

/** A home without a configuration file of Temporal's, which could lead to another server. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: folder, TEMPORAL_ADDRESS: server.address };
}

function marketplace(args: readonly string[], { input = '', env = {} } = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [MAIN, ...args],
      { env: { ...environment(), ...env }, timeout: 60_000, killSignal: 'SIGKILL' },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
    child.stdin?.end(input);
  });
}

/** The JSON a command prints. */
async function json(...args: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await marketplace([...args, '-o', 'json']);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

function file(content: unknown): string {
  const path = join(folder, 'purchase.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** An order that is provisioned only when the test says so. */
function anOpenOrder(changes: Partial<Order> = {}): Order {
  const order = anOrder(changes);
  simulator.setStatus(order.externalSubscriptionId, 'Created');
  return order;
}

async function buy(order: Order, options: PurchaseOptions = {}): Promise<Outcome> {
  return marketplace(['purchase', file(anInput(order, { ...QUICK, ...options }))]);
}

/** An order that the portal refuses. */
function aRefusedOrder(): Order {
  return anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cli-commands-'));
  server = await startDevServer({ port: 0, headless: true });
  simulator = await startSimulator({ progress: { creatingMs: 0, createdMs: 0 } });
  worker = spawn(process.execPath, [MAIN, 'worker'], {
    env: {
      ...environment(),
      MARKETPLACE_PORTAL_URL: simulator.url,
      MARKETPLACE_CLIENT_ID: DEMO_CLIENT.clientId,
      MARKETPLACE_CLIENT_SECRET: DEMO_CLIENT.clientSecret,
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  worker.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await eventually(() => {
    if (worker.exitCode !== null) throw new Error('the worker ended');
    return /^worker ready/m.test(output) || undefined;
  });
});

afterAll(async () => {
  if (worker?.exitCode === null) {
    const ended = once(worker, 'exit');
    worker.kill('SIGTERM');
    await ended;
  }
  await simulator?.close();
  await server?.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe('purchase', () => {
  it('answers with the subscription number, and the same again when it is done again', async () => {
    const order = anOpenOrder();
    const { code, stdout } = await buy(order);
    expect(code).toBe(0);
    expect(stdout).toMatch(/subscription +A-S\d+/);
    const again = await buy(order);
    expect(again.stdout).toBe(stdout);
    expect(simulator.orders(order.externalSubscriptionId)).toHaveLength(1);
  });

  it('reads a plain order from standard input and answers in JSON with the client\u2019s names', async () => {
    const order = anOpenOrder();
    const outcome = await marketplace(['purchase', '-', '-o', 'json'], { input: JSON.stringify(order) });
    expect(outcome.stderr).toBe('');
    expect(JSON.parse(outcome.stdout)).toEqual({
      workflowId: purchaseWorkflowId(order),
      externalSubscriptionId: order.externalSubscriptionId,
      tradingPartnerId: order.tradingPartnerId,
      phase: 'Provisioning',
      subscriptionNumber: expect.stringMatching(/^A-S\d+$/),
    });
  });

  it('waits for the license with --wait', async () => {
    const path = file(anInput());
    expect(await json('purchase', path, '--wait')).toMatchObject({
      outcome: 'Provisioned',
      subscriptionNumber: expect.stringMatching(/^A-S\d+$/),
    });
  });

  it('gives up waiting after --within, with exit code 5', async () => {
    const path = file(anInput(anOpenOrder()));
    const { code, stderr } = await marketplace(['purchase', path, '--wait', '--within', '1s']);
    expect({ code, stderr }).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('not provisioned yet'),
    });
  });

  it('only starts it with --no-wait', async () => {
    const order = anOpenOrder();
    expect(await json('purchase', file(order), '--no-wait')).toEqual({
      workflowId: purchaseWorkflowId(order),
      runId: expect.any(String),
    });
  });

  it('says why the portal refused it, with exit code 3', async () => {
    const order = aRefusedOrder();
    const { code, stdout, stderr } = await buy(order);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/^error: OrderRejected: .*refuse-me cannot be ordered/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('refuses another order under the same IDs, with exit code 3', async () => {
    const order = anOpenOrder();
    await buy(order);
    const { code, stderr } = await buy({ ...order, orderLines: [{ productId: 'other', quantity: 1 }] });
    expect(code).toBe(3);
    expect(stderr).toContain('OrderConflict');
  });
});

describe('status', () => {
  it('finds a purchase by its ID, its workflow ID or its partner, in every format', async () => {
    const order = anOpenOrder();
    const id = order.externalSubscriptionId;
    await buy(order);
    const byId = await eventually(async () => {
      const outcome = await marketplace(['status', id]);
      return outcome.code === 0 ? outcome : undefined;
    });
    expect(byId.stdout).toMatch(new RegExp(`^${id}  Provisioning\\n  subscription +A-S`));
    const report = { answeredBy: 'worker', runStatus: 'RUNNING', status: { phase: 'Provisioning' } };
    expect(await json('status', purchaseWorkflowId(order))).toMatchObject(report);
    const line = await marketplace(['status', id, '--partner', order.tradingPartnerId, '-o', 'jsonl']);
    expect(line.stdout.trimEnd()).not.toContain('\n');
    expect(JSON.parse(line.stdout)).toMatchObject(report);
  });

  it('names the workflow IDs where an ID is not enough', async () => {
    const one = anOpenOrder();
    const other = { ...one, tradingPartnerId: 'ANOTHER' };
    await marketplace(['purchase', file(one), '--no-wait']);
    await marketplace(['purchase', file(other), '--no-wait']);
    const outcome = await eventually(async () => {
      const tried = await marketplace(['status', one.externalSubscriptionId]);
      return tried.code === 2 ? tried : undefined;
    }, 60);
    expect(outcome.stderr).toContain(purchaseWorkflowId(one));
    expect(outcome.stderr).toContain(purchaseWorkflowId(other));
  });

  it('answers from the server when no worker does, and says so', async () => {
    const order = anOpenOrder();
    const path = file(order);
    await marketplace(['purchase', path, '--no-wait', '--task-queue', 'nobody-is-here']);
    const { code, stdout } = await eventually(async () => {
      const byId = await marketplace(['status', order.externalSubscriptionId]);
      return byId.code === 4 ? undefined : byId;
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/known from +the server's record of .*; no worker answered/);
    expect(stdout).toMatch(
      /what to do +No worker answered within 5s\. If a worker was just started, ask again/,
    );
  });
});

describe('watch', () => {
  it('prints what changes until the end, as text', async () => {
    const order = anOrder();
    await buy(order);
    const { code, stdout } = await marketplace(['watch', purchaseWorkflowId(order), '--every', '100ms']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Order placed +A-S\d+/);
    expect(stdout).toMatch(/\nProvisioned: subscription A-S\d+\n$/);
  });

  it('prints one JSON object a change', async () => {
    const order = anOpenOrder();
    await buy(order);
    const watching = marketplace(['watch', purchaseWorkflowId(order), '--every', '100ms', '-o', 'jsonl']);
    simulator.setStatus(order.externalSubscriptionId, 'Provisioned');
    const lines = (await watching).stdout.trimEnd().split('\n');
    const changes = lines.map((line): unknown => JSON.parse(line));
    expect(changes.at(-1)).toMatchObject({ runStatus: 'COMPLETED', status: { phase: 'Provisioned' } });
    expect(new Set(lines).size).toBe(lines.length);
  });

  it('ends with exit code 3 when the purchase failed', async () => {
    const order = aRefusedOrder();
    await buy(order);
    const { code, stderr } = await marketplace(['watch', purchaseWorkflowId(order), '-o', 'json']);
    expect(code).toBe(3);
    expect(JSON.parse(stderr)).toMatchObject({ error: { type: 'OrderRejected', phase: 'Failed' } });
  });
});

describe('cancel and retry', () => {
  it('lets a parked purchase try again, and cancels it while no order exists', async () => {
    const order = aRefusedOrder();
    const id = purchaseWorkflowId(order);
    const parked = await buy(order, { onRejected: 'park' });
    expect(parked.code).toBe(5);
    expect(parked.stderr).toContain(`\`npx marketplace retry ${id}\``);
    expect(await json('retry', id)).toEqual({
      workflowId: id,
      phase: 'ActionRequired',
      wasParked: true,
      answeredBy: 'worker',
    });
    expect(await json('cancel', id, '--reason', 'not \u001b[31mwanted')).toMatchObject({
      effect: 'not-placed',
    });
    const status = await marketplace(['status', id]);
    expect(status.stdout).toMatch(/cancellation +no order was placed;.*\n? *"not wanted"/);
    expect(status.stdout).not.toContain('\u001b');
    const again = await marketplace(['cancel', id]);
    expect(again).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('has ended already (Cancelled)'),
    });
    expect((await marketplace(['retry', id])).code).toBe(4);
  });

  it('says that it is too late when the order exists, with exit code 6', async () => {
    const order = anOpenOrder();
    await buy(order);
    const text = await marketplace(['cancel', purchaseWorkflowId(order)]);
    expect(text.code).toBe(6);
    expect(text.stdout).toMatch(/^Too late: the order A-S\d+ of .* stands/);
    const line = await marketplace(['cancel', purchaseWorkflowId(order), '-o', 'jsonl']);
    expect(JSON.parse(line.stdout)).toMatchObject({
      effect: 'too-late',
      workflowId: purchaseWorkflowId(order),
    });
  });

  it('leaves a purchase alone that is not parked', async () => {
    const order = anOpenOrder();
    await buy(order);
    const { code, stdout } = await marketplace(['retry', purchaseWorkflowId(order)]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/does not wait for a person, and goes on as it is \(Provisioning,/);
  });
});

describe('retry --all', () => {
  /** Two purchases of a partner that the portal did not permit, and would now. */
  async function parkTwo(tradingPartnerId: string): Promise<Order[]> {
    const orders = [anOrder({ tradingPartnerId }), anOrder({ tradingPartnerId })];
    for (const order of orders) {
      const { externalSubscriptionId } = order;
      const then = { do: 'answer', when: 'before', status: 403 } as const;
      simulator.addFault({ call: 'place', externalSubscriptionId, then });
      expect((await buy(order)).code).toBe(5);
    }
    const parked = ['list', '--partner', tradingPartnerId, '--phase', 'ActionRequired', '-o', 'jsonl'];
    await eventually(
      async () => (await marketplace(parked)).stdout.trimEnd().split('\n').length === 2 || undefined,
    );
    return orders;
  }

  it('lets the parked ones of a partner try again, in one batch', async () => {
    const orders = await parkTwo('RETRIED');
    const all = ['retry', '--all', '--yes', '--partner', 'RETRIED'];
    expect(await json(...all)).toEqual({
      asked: 2,
      failed: 0,
      jobId: expect.stringMatching(/^[\da-f-]{36}$/),
    });
    for (const order of orders) {
      expect(await json('purchase', file(anInput(order)), '--wait')).toMatchObject({
        outcome: 'Provisioned',
      });
      expect(simulator.orders(order.externalSubscriptionId)).toHaveLength(1);
    }
    const none = await eventually(async () => {
      const outcome = await marketplace(all);
      return outcome.stdout.startsWith('No purchase is parked.') ? outcome : undefined;
    });
    expect(none.code).toBe(0);
    expect(await json(...all)).toEqual({ asked: 0, failed: 0 });
  });

  it('says in text what it did', async () => {
    await parkTwo('RETRIED-TOO');
    const { code, stdout } = await marketplace(['retry', '--all', '--yes', '--partner', 'RETRIED-TOO']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Asked 2 parked purchases to try again\./);
  });
});

describe('without a worker', () => {
  it('a wish to cancel is given up in time, and said to be on its way', async () => {
    const order = anOpenOrder();
    await marketplace(['purchase', file(order), '--no-wait', '--task-queue', 'nobody-is-here']);
    const id = purchaseWorkflowId(order);
    const { code, stderr } = await marketplace(['cancel', id, '--within', '1s']);
    expect(code).toBe(5);
    expect(stderr).toContain('no worker answered within 1s; the wish to cancel may still take effect');
    expect(stderr).toContain(`npx marketplace status ${id}`);
  });

  it('nobody claims that a purchase goes on', async () => {
    const order = anOpenOrder();
    const path = file(order);
    await marketplace(['purchase', path, '--no-wait', '--task-queue', 'nobody-is-here']);
    const { code, stdout } = await marketplace(['retry', purchaseWorkflowId(order)]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/No worker\s+answered within 5s\./);
    expect(stdout).not.toContain('goes on as it is');
    const waited = await marketplace(['purchase', path, '--wait', '--within', '1s']);
    expect(waited).toMatchObject({ code: 5, stderr: expect.stringContaining('no worker answered in time') });
  });
});

describe('an interruption', () => {
  /** What a command says that is told to end once its purchase is there. */
  async function interrupted(
    args: readonly string[],
    isReady: (output: string) => Promise<boolean>,
    signal: NodeJS.Signals,
  ) {
    const child = spawn(process.execPath, [MAIN, ...args], { env: environment() });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = once(child, 'close');
    await eventually(async () => (await isReady(stdout)) || undefined);
    child.kill(signal);
    return { ended: await ended, stdout, stderr };
  }

  it.each(['SIGINT', 'SIGTERM'] as const)('by %s ends watching, with what to do next', async (signal) => {
    const order = anOpenOrder();
    await buy(order);
    const id = purchaseWorkflowId(order);
    const isReady = async (output: string) => output.includes('now: Provisioning');
    const { ended, stdout, stderr } = await interrupted(['watch', id], isReady, signal);
    expect(ended).toEqual([130, null]);
    expect(stdout.split('\n')[0]).toBe(id);
    expect(stderr).toMatch(/^error: interrupted\n {2}The purchase goes on\. Watch it again:/);
  });

  it('of waiting for a license says that the purchase goes on', async () => {
    const order = anOpenOrder();
    const path = file(anInput(order));
    const isReady = async () => simulator.orders(order.externalSubscriptionId).length > 0;
    const { ended, stderr } = await interrupted(['purchase', path, '--wait'], isReady, 'SIGINT');
    expect(ended).toEqual([130, null]);
    expect(stderr).toContain('A purchase that was started goes on.');
    expect(stderr).toContain(`npx marketplace status ${purchaseWorkflowId(order)}`);
  });
});

describe('list', () => {
  it('shows what matches, in every format', async () => {
    const order = anOpenOrder({ tradingPartnerId: 'LISTED' });
    await buy(order);
    const filter = ['list', '--partner', 'LISTED', '--phase', 'Provisioning'];
    const line = await eventually(
      async () => (await marketplace([...filter, '-o', 'jsonl'])).stdout || undefined,
    );
    const item = { workflowId: purchaseWorkflowId(order), phase: 'Provisioning', runStatus: 'RUNNING' };
    expect(JSON.parse(line)).toMatchObject(item);
    expect(await json(...filter)).toMatchObject([item]);
    expect((await marketplace(filter)).stdout).toContain(order.externalSubscriptionId);
    expect(await json('list', '--partner', 'NOBODY')).toEqual([]);
  });
});

describe('what is wrong', () => {
  it.each([
    ['no such file', ['purchase', 'none.json'], 2, /none\.json: there is no such file/],
    ['a folder', ['purchase', '/'], 2, /is a directory/],
    ['no command of ours', ['buy'], 2, /unknown command 'buy'/],
    ['no option of ours', ['list', '--bogus'], 2, /unknown option '--bogus'/],
    ['a phase that is none', ['list', '--phase', 'x'], 2, /Allowed choices/],
    ['an empty ID', ['status', ''], 2, /the ID is empty/],
    ['an unknown ID', ['status', 'nobody'], 4, /no purchase with the ID nobody/],
    ['an unknown workflow ID', ['status', 'purchase:a:b'], 4, /there is no purchase purchase:a:b/],
    ['an unknown ID to retry', ['retry', 'b', '--partner', 'a'], 4, /there is no purchase purchase:a:b/],
    ['another partner', ['status', 'purchase:a:b', '--partner', 'c'], 2, /not one of trading partner c/],
    ['no namespace of the server', ['list', '--namespace', 'nowhere'], 2, /no namespace "nowhere"/],
    [
      'nobody at the address',
      ['list', '--address', '127.0.0.1:1'],
      7,
      /no Temporal server answers at 127\.0\.0\.1:1/,
    ],
    ['a worker without its settings', ['worker'], 2, /MARKETPLACE_PORTAL_URL is not set/],
    ['an address for the demo', ['demo', '--address', 'x:1'], 2, /a Temporal server of its own/],
    ['all, with nobody to ask', ['retry', '--all'], 2, /without a terminal, .* it needs --yes/],
    ['one and all at once', ['retry', 'EXT-1', '--all', '--yes'], 2, /an ID and --all exclude each other/],
    ['a fault that is none', ['simulator', '--fault', '{}'], 2, /the fault given: there are 2 mistakes/],
    [
      'a file of faults that is not there',
      ['simulator', '--faults', 'none.json'],
      2,
      /there is no such file/,
    ],
    ['no simulator named', ['faults', 'list'], 2, /--url, or set MARKETPLACE_PORTAL_URL/],
    [
      'nobody at its address',
      ['simulator', 'report', '--url', 'http://127.0.0.1:2'],
      7,
      /no simulator answers/,
    ],
    ['the real portal', ['faults', 'clear', '--url', 'https://customers.gitlab.com'], 2, /on this machine/],
  ])('%s is said in a few lines, with its exit code', async (_name, args, code, says) => {
    const [text, { stderr }] = await Promise.all([marketplace(args), marketplace([...args, '-o', 'jsonl'])]);
    expect(text).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(says) });
    expect(text.stderr).toMatch(/^error: /);
    expect(text.stderr).not.toMatch(/^\s+at /m);
    expect(text.stderr.trimEnd().split('\n').length).toBeLessThan(6);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { exitCode: code, message: expect.stringMatching(says) },
    });
  });

  it('in an order sends nothing', async () => {
    const order = { ...anOrder(), orderLines: [{ productId: '', quantity: 0.5 }] };
    const { code, stderr } = await marketplace(['purchase', file(order)]);
    expect(code).toBe(2);
    expect(stderr).toContain('  - orderLines[0].productId: must not be empty');
    expect(stderr).toContain('  - orderLines[0].quantity: must be a whole number');
    const id = order.externalSubscriptionId;
    expect(simulator.journal.filter((call) => call.externalSubscriptionId === id)).toEqual([]);
  });
});
