import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createActivities } from '../../activities/index.js';
import { PurchaseClient } from '../../src/client/index.js';
import { PortalClient } from '../../src/portal/index.js';
import { DEMO_CLIENT } from '../../src/simulator/index.js';
import { workflowCode } from '../../src/worker/bundle.js';
import { CliStage } from '../helpers/cli-stage.js';
import { eventually } from '../helpers/eventually.js';
import { anOrder } from '../helpers/orders.js';
import { quietRuntime } from '../helpers/temporal.js';

let stage: CliStage;

beforeAll(async () => {
  stage = await CliStage.start();
});

afterAll(async () => {
  await stage?.stop();
});

describe('show', () => {
  it('keeps customer data to itself unless the order is asked for', async () => {
    const order = await stage.provisioning('EXT-SHOWN');
    const plain = await stage.run(['show', 'EXT-SHOWN']);
    const json = await stage.run(['show', 'EXT-SHOWN', '-o', 'json']);
    for (const text of [plain.stdout, json.stdout]) {
      expect(text).toContain('2c92a0ff');
      expect(text).not.toMatch(/Lovelace|ada@example\.com|Example GmbH/);
    }
    const whole = await stage.run(['show', 'EXT-SHOWN', '--order']);
    expect(whole.stdout).toContain('customer data');
    expect(whole.stdout).toContain('ada@example.com');
    expect(await stage.json('show', 'EXT-SHOWN', '--order')).toMatchObject({ orderDocument: order });
  });

  it('tells why and what to do in JSON, under names that scripts can use', async () => {
    await stage.parked('EXT-JSON');
    expect(await stage.json('show', 'EXT-JSON')).toMatchObject({
      workflowId: 'purchase:0012300000AbCdE:EXT-JSON',
      runStatus: 'RUNNING',
      answeredBy: 'worker',
      status: { phase: 'ActionRequired', polls: 0, lastError: { type: 'OrderRejected' } },
      why: expect.stringMatching(/^OrderRejected, /),
      whatToDo: expect.stringContaining('npx marketplace retry'),
      order: { lines: [{ productId: 'refuse-me', quantity: 1 }] },
      run: { runId: expect.any(String), historyEvents: expect.any(Number) },
      pendingActivities: [],
      queue: { name: 'marketplace-purchases', workflow: { pollers: [{ identity: expect.any(String) }] } },
      webUi: { url: expect.stringMatching(/^http:\/\/ui\.example\//), isAssumed: false },
    });
  });

  it('does not say that there is nothing to do while something is wrong', async () => {
    const externalSubscriptionId = 'EXT-TROUBLED';
    const order = anOrder({ externalSubscriptionId });
    const then = { do: 'answer', when: 'before', status: 503 } as const;
    stage.simulator.addFault({ call: 'find', externalSubscriptionId, times: 'always', then });
    await stage.run(['purchase', stage.file(order), '--no-wait']);
    const shown = await eventually(async () => {
      const answer = await stage.json('show', externalSubscriptionId);
      return JSON.stringify(answer).includes('Last trouble: PortalUnavailable') ? answer : undefined;
    }, 60);
    expect(shown).toMatchObject({ whatToDo: expect.stringMatching(/^What the last trouble asks for/) });
    await stage.temporal.workflow.getHandle(stage.workflowId(order)).terminate();
  });

  it('tells of a run that was reset', async () => {
    const order = await stage.parked('EXT-RESET');
    const handle = stage.temporal.workflow.getHandle(stage.workflowId(order));
    const before = await handle.describe();
    const { events } = await handle.fetchHistory();
    const first = events?.find((event) => event.workflowTaskCompletedEventAttributes);
    await stage.temporal.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: before.workflowId, runId: before.runId },
      reason: 'test',
      requestId: randomUUID(),
      workflowTaskFinishEventId: first?.eventId ?? null,
    });
    const shown = await eventually(async () => {
      const { stdout } = await stage.run(['show', 'EXT-RESET']);
      return stdout.includes('reset to') ? stdout : undefined;
    }, 40);
    expect(shown).toMatch(new RegExp(`earlier run +${before.runId} \\(reset to\\s+[\\w-]{36}`));
  });

  it('tells of a worker that may not cancel runs, and asks for ever', async () => {
    quietRuntime();
    const { address } = stage.server;
    const connection = await NativeConnection.connect({ address });
    const portal = new PortalClient({ url: stage.simulator.url, credentials: () => DEMO_CLIENT });
    const taskQueue = 'no-right-to-cancel';
    const worker = await Worker.create({
      connection,
      taskQueue,
      ...workflowCode(),
      activities: {
        ...createActivities(portal),
        // As the server answers a worker whose credentials lack the right.
        requestCancellation: () => Promise.reject(ApplicationFailure.retryable('no', 'PermissionDenied')),
      },
    });
    await worker.runUntil(async () => {
      const orderLines = [{ productId: 'refuse-me', quantity: 1 }];
      const order = anOrder({ externalSubscriptionId: 'EXT-STUCK', orderLines });
      const purchases = new PurchaseClient(stage.temporal, { taskQueue });
      await purchases.start(order, { options: { onRejected: 'park' } });
      await stage.listed(order, 'ActionRequired');
      await purchases.cancel(order);
      const shown = await eventually(async () => {
        const { stdout } = await stage.run(['show', 'EXT-STUCK']);
        return /attempt [3-9]/.test(stdout) ? stdout : undefined;
      }, 60);
      expect(shown).toMatch(/activity +requestCancellation, scheduled, attempt \d+, tried until it succeeds/);
      expect(shown).toMatch(/last failure\s+PermissionDenied: no/);
      expect(shown).toMatch(/what to do +The purchase is over and wants to end as Canceled/);
      expect(shown).toContain('temporal workflow cancel --workflow-id purchase:0012300000AbCdE:EXT-STUCK');
      await stage.temporal.workflow.getHandle(stage.workflowId(order)).cancel();
    });
    await portal.close();
    await connection.close();
  });

  it('says so when there is no such purchase, with exit code 4', async () => {
    const { code, stderr } = await stage.run(['show', 'EXT-NOWHERE']);
    expect(code).toBe(4);
    expect(stderr).toContain('npx marketplace list');
  });
});

describe('amend', () => {
  it('lets a refused purchase go on with a corrected order', async () => {
    const order = await stage.parked('EXT-AMENDED');
    const corrected = { ...order, orderLines: [{ productId: '2c92a0ff', quantity: 3 }] };
    const { code, stdout } = await stage.run(['amend', 'EXT-AMENDED', stage.file(corrected)]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/next +npx marketplace watch purchase:0012300000AbCdE:EXT-AMENDED/);
    await stage.listed(order, 'Provisioned');
    expect(stage.simulator.orders('EXT-AMENDED')).toHaveLength(1);
    const { stdout: shown } = await stage.run(['show', 'EXT-AMENDED']);
    expect(shown).toMatch(/order +3 × 2c92a0ff/);
    const late = await stage.run(['amend', 'EXT-AMENDED', stage.file(corrected)]);
    expect(late.code).toBe(4);
  });

  it('is refused once the order exists, with exit code 3', async () => {
    const order = await stage.provisioning('EXT-TOO-LATE');
    const { code, stderr } = await stage.run(['amend', 'EXT-TOO-LATE', stage.file(order), '-o', 'json']);
    expect(code).toBe(3);
    expect(JSON.parse(stderr)).toMatchObject({ error: { type: 'OrderConflict' } });
  });

  it('takes no order of another purchase, and no options', async () => {
    await stage.parked('EXT-MIXED-UP');
    const other = await stage.run(['amend', 'EXT-MIXED-UP', stage.file(anOrder())]);
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('an order of another purchase') });
    const order = anOrder({ externalSubscriptionId: 'EXT-MIXED-UP' });
    const input = stage.file({ order, options: { onRejected: 'fail' } });
    const options = await stage.run(['amend', 'EXT-MIXED-UP', input]);
    expect(options).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be amended') });
  });
});

describe('open', () => {
  it('knows where a dev server has its Web UI, and says that it assumes it', async () => {
    await stage.provisioning('EXT-OPENED');
    const assumed = await stage.run(['open', 'EXT-OPENED'], { TEMPORAL_UI_URL: '' });
    const [host, port] = stage.server.address.split(':');
    expect(assumed.stdout).toContain(`http://${host}:${Number(port) + 1_000}/namespaces/default/workflows/`);
    expect(assumed.stderr).toContain('assumed');
    const told = await stage.run([
      'open',
      'EXT-OPENED',
      '--ui-url',
      'https://temporal.example/ui/',
      '-o',
      'json',
    ]);
    expect(told.stderr).toBe('');
    expect(JSON.parse(told.stdout)).toMatchObject({
      url: expect.stringMatching(/^https:\/\/temporal\.example\/ui\/namespaces\//),
      phase: 'Provisioning',
      isAssumed: false,
    });
  });

  it('takes only a web address', async () => {
    const outcome = await stage.run(['open', 'EXT-OPENED', '--ui-url', 'file:///etc/passwd']);
    expect(outcome).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--ui-url') });
  });
});

describe('list', () => {
  it('counts by phase, and takes stopped runs for what they are', async () => {
    const partner = { tradingPartnerId: 'COUNTED' };
    const park = (): Promise<unknown> =>
      stage.bring(
        anOrder({ ...partner, orderLines: [{ productId: 'refuse-me', quantity: 1 }] }),
        'ActionRequired',
        { onRejected: 'park' },
      );
    await park();
    await park();
    const stopped = await stage.bring(
      anOrder({ ...partner, orderLines: [{ productId: 'never-provisions', quantity: 1 }] }),
      'Provisioning',
    );
    await stage.temporal.workflow.getHandle(stage.workflowId(stopped)).terminate();
    const counts = await eventually(async () => {
      const found = await stage.purchases.count(partner);
      return found.stopped === 1 ? found : undefined;
    });
    expect(counts).toMatchObject({
      phases: { ActionRequired: 2, Provisioning: 0, Provisioned: 0 },
      notBegun: 0,
      stopped: 1,
      total: 3,
    });
    expect(await stage.json('list', '--count', '--partner', 'COUNTED')).toEqual(counts);
    const text = await stage.run(['list', '--count', '--partner', 'COUNTED']);
    expect(text.stdout).toMatch(/^2 {2}ActionRequired\n1 {2}stopped from outside\n3 {2}in all\n/);
  });

  it('counts what no worker has seen yet', async () => {
    const purchases = new PurchaseClient(stage.temporal, { taskQueue: 'nobody-is-here' });
    await purchases.start(anOrder({ tradingPartnerId: 'UNSEEN' }));
    const counts = await eventually(async () => {
      const found = await stage.purchases.count();
      return found.notBegun > 0 ? found : undefined;
    });
    expect(counts.notBegun).toBe(1);
  });

  it('filters by the beginning of an ID, the run\u2019s status, the time and what is overdue', async () => {
    await stage.parked('FILTER-1');
    await stage.overdue('FILTER-2');
    const ids = async (...args: string[]): Promise<unknown> => {
      const { stdout } = await stage.run(['list', '--id-prefix', 'FILTER-', '-o', 'jsonl', ...args]);
      return stdout
        .split('\n')
        .filter(Boolean)
        .map(
          (line) =>
            z.object({ externalSubscriptionId: z.string() }).parse(JSON.parse(line)).externalSubscriptionId,
        )
        .toSorted();
    };
    expect(await ids()).toEqual(['FILTER-1', 'FILTER-2']);
    expect(await ids('--overdue')).toEqual(['FILTER-2']);
    expect(await ids('--status', 'failed')).toEqual(['FILTER-2']);
    expect(await ids('--status', 'running')).toEqual(['FILTER-1']);
    expect(await ids('--status', 'canceled')).toEqual([]);
    expect(await ids('--since', '1h')).toEqual(['FILTER-1', 'FILTER-2']);
    expect(await ids('--since', new Date(Date.now() + 3_600_000).toISOString())).toEqual([]);
  });
});

describe('doctor', () => {
  const findingsSchema = z.array(
    z.object({ check: z.string(), state: z.string(), message: z.string(), hint: z.string().optional() }),
  );

  async function examine(env: NodeJS.ProcessEnv, ...args: string[]) {
    const outcome = await stage.run(['doctor', '-o', 'json', ...args], env);
    const findings = findingsSchema.parse(JSON.parse(outcome.stdout));
    return { ...outcome, of: (check: string) => findings.find((finding) => finding.check === check) };
  }

  it('does not check what is not configured here, and says so', async () => {
    const { code, of } = await examine({});
    expect(code).toBe(0);
    expect(of('temporal')).toMatchObject({ state: 'good' });
    expect(of('portal')).toMatchObject({
      state: 'not checked',
      message: expect.stringContaining('MARKETPLACE_PORTAL_URL is not set here'),
    });
    expect(of('codec keys')).toMatchObject({ state: 'not checked' });
  });

  it('says so when Temporal cannot be reached, and checks the rest', async () => {
    const { code, of } = await examine({ ...stage.portal, TEMPORAL_ADDRESS: '127.0.0.1:1' });
    expect(code).toBe(8);
    expect(of('temporal')).toMatchObject({ state: 'bad', hint: expect.stringContaining('--address') });
    expect(of('namespace')).toMatchObject({ state: 'not checked' });
    expect(of('token, create')).toMatchObject({ state: 'good' });
  });

  it('says so when there is no such namespace', async () => {
    const { code, of } = await examine({}, '--namespace', 'nowhere');
    expect(code).toBe(8);
    expect(of('temporal')).toMatchObject({ state: 'good' });
    expect(of('namespace')).toMatchObject({ state: 'bad', message: expect.stringContaining('nowhere') });
  });

  it('says so when the credentials are wrong, and shows no secret', async () => {
    const secret = 'not-the-secret-7c1f';
    const { code, of, stdout, stderr } = await examine({
      ...stage.portal,
      MARKETPLACE_CLIENT_SECRET: secret,
    });
    expect(code).toBe(8);
    expect(of('token, read')).toMatchObject({ state: 'bad', message: expect.stringContaining('401') });
    expect(of('token, create')).toMatchObject({ state: 'bad' });
    expect(`${stdout}${stderr}`).not.toContain(secret);
  });

  describe('with a partners file', () => {
    const secret = 'not-the-secret-5d0e';
    let folder: string;
    let url: NodeJS.ProcessEnv;

    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'doctor-'));
      url = { MARKETPLACE_PORTAL_URL: stage.simulator.url };
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const file = (partners: unknown): NodeJS.ProcessEnv => {
      const path = join(folder, 'partners.json');
      writeFileSync(path, JSON.stringify({ partners }));
      return { ...url, MARKETPLACE_PARTNERS_FILE: path };
    };

    it('asks for a token for each partner', async () => {
      const { of } = await examine(file({ A: DEMO_CLIENT, B: DEMO_CLIENT }));
      expect(of('token, read')).toMatchObject({
        state: 'good',
        message: 'the credentials of 2 partners are good for marketplace.order:read',
      });
      expect(of('token, create')).toMatchObject({ state: 'good' });
    });

    it('names a partner whose credentials are wrong, and shows no secret', async () => {
      const wrong = { clientId: 'another-client', clientSecret: secret };
      const { code, of, stdout, stderr } = await examine(file({ A: DEMO_CLIENT, B: wrong }));
      expect(code).toBe(8);
      expect(of('token, read')).toMatchObject({
        state: 'bad',
        message: expect.stringMatching(/^1 of 2 partners get no token for \S+: "B" \(.*401/),
        hint: expect.stringContaining('without a restart'),
      });
      expect(`${stdout}${stderr}`).not.toContain(secret);
    });

    it('asks for twenty, and says how many it left out', async () => {
      const names = Array.from({ length: 23 }, (_, index) => [`P${index}`, DEMO_CLIENT]);
      const before = stage.simulator.journal.filter(({ call }) => call === 'token').length;
      const { of } = await examine(file(Object.fromEntries(names)));
      expect(of('token, read')).toMatchObject({
        message: expect.stringMatching(/20 partners are good .*; 3 more were not asked for/),
      });
      expect(stage.simulator.journal.filter(({ call }) => call === 'token').length - before).toBe(40);
    });

    it('tells what is wrong with the file', async () => {
      const { code, of, stdout, stderr } = await examine(
        file({ A: { ...DEMO_CLIENT, clientSecret: ` ${secret}` } }),
      );
      expect(code).toBe(8);
      expect(of('token, read')).toMatchObject({
        state: 'bad',
        message: expect.stringMatching(
          /^MARKETPLACE_PARTNERS_FILE: partner "A": clientSecret starts or ends/,
        ),
      });
      expect(`${stdout}${stderr}`).not.toContain(secret);
    });
  });

  it('shows no token', async () => {
    const { stdout, stderr } = await examine({ ...stage.portal });
    const tokens = stage.simulator.issuedTokens();
    expect(tokens).not.toEqual([]);
    for (const token of tokens) expect(`${stdout}${stderr}`).not.toContain(token);
  });

  it('says so when the portal is away, or its URL makes no sense', async () => {
    const away = await examine({ ...stage.portal, MARKETPLACE_PORTAL_URL: 'http://127.0.0.1:1' });
    expect(away.code).toBe(8);
    expect(away.of('portal')).toMatchObject({
      state: 'bad',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    const wrong = await examine({ ...stage.portal, MARKETPLACE_PORTAL_URL: 'http://portal.example' });
    expect(wrong.of('portal')).toMatchObject({
      state: 'bad',
      message: expect.stringContaining('must be https'),
    });
    expect(wrong.of('token, read')).toMatchObject({ state: 'not checked' });
  });

  it('looks whether the codec keys are there, and whose they are', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
    try {
      const path = join(folder, 'keys');
      const env = { MARKETPLACE_CODEC_KEYS_FILE: path };
      expect((await examine(env)).of('codec keys')).toMatchObject({
        state: 'bad',
        message: expect.stringContaining('ENOENT'),
      });
      const key = Buffer.alloc(32, 7).toString('base64');
      writeFileSync(path, JSON.stringify({ keys: [{ id: 'k', key }] }));
      chmodSync(path, 0o644);
      const open = (await examine(env)).of('codec keys');
      expect(open).toMatchObject({ state: 'warn', hint: expect.stringContaining('chmod 600') });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
