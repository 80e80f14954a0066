import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { checkWorkers } from '../../src/cli/doctor/worker-checks.js';
import { listen } from '../../src/http-server.js';
import type { TrafficReport } from '../../src/portal/index.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server on loopback that answers `/status` so; its address. */
async function answering(body: string, status = 200): Promise<string> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/status' ? status : 404, { 'content-type': 'application/json' });
    response.end(body);
  });
  servers.push(server);
  return `127.0.0.1:${await listen(server, 0, '127.0.0.1')}`;
}

const CALM: TrafficReport = { circuit: 'closed', waiting: 0, paused: [] };

let workers = 0;

function worker(traffic: Partial<TrafficReport> = {}, credentials?: string): Promise<string> {
  workers += 1;
  const status = {
    worker: { identity: `w${workers}`, state: 'ready' },
    ...(credentials !== undefined && { credentials }),
    traffic: { ...CALM, ...traffic },
    later: 1,
  };
  return answering(JSON.stringify(status));
}

async function found(...addresses: string[]) {
  const findings = await checkWorkers({}, addresses);
  expect(findings.map(({ check }) => check)).toEqual(['portal calls', 'circuit', 'pauses', 'credentials']);
  const [calls, circuit, pauses, credentials] = findings;
  return { calls, circuit, pauses, credentials };
}

describe('what the doctor says of the workers', () => {
  it('is nothing where no worker is named', async () => {
    for (const finding of await checkWorkers({})) expect(finding.state).toBe('not checked');
  });

  it('is what the worker says that is configured here', async () => {
    const findings = await checkWorkers({ MARKETPLACE_HEALTH_ADDRESS: await worker({ waiting: 1 }) });
    expect(findings.map(({ state }) => state)).toEqual(['good', 'good', 'good', 'good']);
    expect(findings[0]?.message).toBe('no limit is set (MARKETPLACE_PORTAL_RATE); 1 call waits');
  });

  it('asks a worker that listens everywhere at this machine, and one that is named by a URL', async () => {
    const address = await worker();
    const port = address.slice(address.indexOf(':'));
    expect((await found(`0.0.0.0${port}`)).calls).toMatchObject({ state: 'good' });
    expect((await found(`http://${address}/`)).calls).toMatchObject({ state: 'good' });
  });

  it('tells rate and share, and how many wait', async () => {
    const rate = { fleet: 10, own: 10 / 3, workers: 3 };
    const { calls } = await found(await worker({ rate, waiting: 4 }), await worker({ rate, waiting: 3 }));
    expect(calls).toMatchObject({
      state: 'good',
      message: 'at most 10 a second, of which each of 3 workers takes 3.33; 7 calls wait',
    });
  });

  it('tells when more workers answer than share the rate', async () => {
    const alone = { rate: { fleet: 10, own: 10, workers: 1 } };
    const { calls } = await found(await worker(alone), await worker(alone));
    expect(calls).toMatchObject({
      state: 'warn',
      message: expect.stringContaining('2 workers answer, but they know of 1 only'),
    });
    const early = { rate: { fleet: 10, own: 0, workers: 0 } };
    expect((await found(await worker(early))).calls).toMatchObject({ state: 'good' });
  });

  it('tells when workers have different limits', async () => {
    const limited = { rate: { fleet: 10, own: 5, workers: 2 } };
    const { calls } = await found(await worker(limited), await worker());
    expect(calls).toMatchObject({
      state: 'warn',
      hint: expect.stringContaining('MARKETPLACE_PORTAL_RATE alike'),
    });
  });

  it.each([
    ['open', 'warn', /is down for w\d+$|is down for w\d+:/],
    ['probing', 'warn', /is down/],
    ['ramping', 'good', /little by little/],
    ['closed', 'good', /as usual/],
  ] as const)('tells of a circuit that is %s', async (state, said, message) => {
    const { circuit } = await found(await worker(), await worker({ circuit: state }));
    expect(circuit).toMatchObject({ state: said, message: expect.stringMatching(message) });
  });

  it('tells which partners the portal asked to pause, and for how long', async () => {
    const paused = (until: string) => [{ tradingPartnerId: 'TP\u001B[2J', until }];
    const early = await worker({ paused: paused('2026-01-01T00:00:00.000Z') });
    const late = await worker({ paused: paused('2026-01-01T00:01:00.000Z') });
    const { pauses } = await found(late, early);
    expect(pauses).toMatchObject({
      state: 'warn',
      message: expect.stringMatching(/ until 2026-01-01T00:01:00/),
    });
    expect(pauses?.message).not.toContain('\u001B');
  });

  it('tells which workers cannot read their credentials, and believes those that do not say', async () => {
    const others = [await worker({}, 'readable'), await worker()];
    expect((await found(...others)).credentials).toMatchObject({ state: 'good' });
    const { credentials } = await found(...others, await worker({}, 'unreadable'));
    expect(credentials).toMatchObject({
      state: 'warn',
      message: `they cannot be read as they are now by w${workers}: what was read before is used`,
    });
  });

  it.each([
    ['is not there', () => Promise.resolve('127.0.0.1:1'), /ECONNREFUSED/],
    ['is no address', () => Promise.resolve('http://['), /no host:port/],
    ['says something else', () => answering('{"traffic":{}}'), /not as a worker would/],
    ['is a web page', () => answering('<html>'), /not as a worker would/],
    ['says far too much', () => answering(' '.repeat(5_000_000)), /UND_ERR_RES_EXCEEDED_MAX_SIZE/],
  ])('tells of a worker that %s', async (_what, start, message) => {
    const { calls, circuit } = await found(await start());
    expect(calls).toMatchObject({ state: 'bad', message: expect.stringMatching(message) });
    expect(circuit).toMatchObject({ state: 'not checked' });
  });

  it('does not wait for ever', async () => {
    const server = createServer(() => undefined);
    servers.push(server);
    const { calls } = await found(`127.0.0.1:${await listen(server, 0, '127.0.0.1')}`, await worker());
    expect(calls).toMatchObject({
      state: 'bad',
      message: expect.stringMatching(/does not answer \(TimeoutError\)/),
    });
  });
});
