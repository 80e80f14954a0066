import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkWorkers } from '../../src/cli/doctor/worker-checks.js';
import { METRICS } from '../../src/contract/metrics.js';
import { freePorts } from '../../src/temporal/ports.js';
import { eventually } from '../helpers/eventually.js';
import { anOrder } from '../helpers/orders.js';
import { partnersApart } from '../helpers/partners.js';
import type { WorkerProcess } from '../helpers/processes.js';
import { WorkerRig } from '../helpers/worker-rig.js';

// Two real workers as an operator sees them, by `doctor --worker` and by the metrics: what keeps them from calling the
// portal, and credentials that they cannot read.

const PARTNERS = ['A', 'B'];

const RATE = 50;

/** Longer than the test takes. */
const RETRY_AFTER_S = 600;

let folder: string;
let rig: WorkerRig;
let workers: WorkerProcess[];
let metrics: string[];
let health: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'workers-seen-'));
  const { clients, env } = partnersApart(folder, PARTNERS);
  rig = await WorkerRig.start({ simulator: { clients } });
  const addresses = (await freePorts([0, 0, 0, 0])).map((port) => `127.0.0.1:${port}`);
  metrics = addresses.slice(0, 2);
  health = addresses.slice(2);
  workers = [];
  for (const [worker, address] of metrics.entries()) {
    const started = await rig.startWorker({
      ...env,
      MARKETPLACE_PORTAL_RATE: String(RATE),
      MARKETPLACE_METRICS_ADDRESS: address,
      MARKETPLACE_HEALTH_ADDRESS: health[worker] ?? '',
    });
    workers.push(started);
  }
});
afterAll(async () => {
  await rig?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Waits until the doctor says so of a check. */
async function doctorSays(check: string, what: RegExp): Promise<void> {
  await comesToBe(async () => {
    const findings = await checkWorkers({}, health);
    const found = findings.find((finding) => finding.check === check);
    return what.test(`${found?.state}: ${found?.message}`);
  });
}

/** What each worker exports of a metric, added up. */
async function exported(name: string, label = ''): Promise<number> {
  const texts = await Promise.all(
    metrics.map(async (address) => (await fetch(`http://${address}/metrics`)).text()),
  );
  const samples = texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => line.split(/[{ ]/)[0] === name && line.includes(label));
  return samples.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** Waits until it is so: workers look at themselves every 5 s. */
async function comesToBe(isSo: () => Promise<boolean>): Promise<void> {
  await eventually(async () => (await isSo()) || undefined);
}

it('the rate, and the part of it that each worker takes', async () => {
  await comesToBe(async () => (await exported(METRICS.rateLimit.name, 'of="worker"')) === RATE);
  expect(await exported(METRICS.rateLimit.name, 'of="fleet"')).toBe(2 * RATE);
  await doctorSays(
    'portal calls',
    /^good: at most 50 a second, of which each of 2 workers takes 25; 0 calls/,
  );
});

it('credentials that they cannot read, until they can again', async () => {
  const name = METRICS.credentialsReadable.name;
  await comesToBe(async () => (await exported(name)) === 2);
  await doctorSays('credentials', /^good/);
  writeFileSync(join(folder, 'partners.json'), '{"partners": {"A": ');
  await comesToBe(async () => (await exported(name)) === 0);
  await doctorSays(
    'credentials',
    /^warn: they cannot be read as they are now by .*, .*: what was read before/,
  );
  partnersApart(folder, PARTNERS);
  await comesToBe(async () => (await exported(name)) === 2);
  await doctorSays('credentials', /^good/);
  for (const { stderr } of workers) {
    expect(stderr.match(/is no JSON.*Credentials cannot be read/g)).toHaveLength(1);
    expect(stderr.match(/Credentials can be read again/g)).toHaveLength(1);
  }
});

it('a pause, of which each worker learns by one refusal', { timeout: 240_000 }, async () => {
  const ofA = (n: number) => anOrder({ externalSubscriptionId: `PAUSED-${n}`, tradingPartnerId: 'A' });
  rig.simulator.addFault({
    call: 'place',
    externalSubscriptionId: 'PAUSED-*',
    times: 'always',
    then: { do: 'answer', when: 'before', status: 429, headers: { 'Retry-After': String(RETRY_AFTER_S) } },
  });
  for (let n = 0; n < 8; n += 1) {
    const order = await rig.begin(ofA(n));
    await rig.until(order, ({ lastError }) => lastError?.type === 'RateLimited');
  }
  const refused = rig.simulator.journal.filter(({ status }) => status === 429).length;
  expect(refused).toBeGreaterThanOrEqual(1);
  expect(refused).toBeLessThanOrEqual(2);

  await comesToBe(async () => (await exported(METRICS.pausedClients.name)) === refused);
  await doctorSays('pauses', /^warn: .*: A, and all that share its client, until \d{4}-/);
  // The other partner's client was not asked to pause.
  const order = await rig.begin(anOrder({ tradingPartnerId: 'B' }));
  await rig.until(order, ({ phase }) => phase === 'Provisioned');
});

it('a portal that is down, and is back', { timeout: 240_000 }, async () => {
  rig.simulator.addFault({
    call: 'any',
    times: 'always',
    then: { do: 'answer', when: 'before', status: 503 },
  });
  for (let n = 0; n < 6; n += 1) await rig.begin(anOrder({ tradingPartnerId: 'B' }));
  await comesToBe(async () => (await exported(METRICS.circuit.name, 'state="open"')) > 0);
  await doctorSays('circuit', /^warn: the portal is down/);
  expect(rig.simulator.journal.filter(({ status }) => status === 503).length).toBeLessThan(30);
  rig.simulator.clearFaults();
  await comesToBe(async () => (await exported(METRICS.circuit.name, 'state="closed"')) === 2);
  await doctorSays('circuit', /^good: .*as usual/);
});
