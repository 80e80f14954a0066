import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CliError } from '../../src/cli/errors.js';
import { EXIT } from '../../src/cli/exit-codes.js';
import { PortalControl } from '../../src/cli/portal-control.js';
import { portalReport } from '../../src/cli/portal-report.js';
import { portalReportLines } from '../../src/cli/render-portal-report.js';
import { styleFor } from '../../src/cli/style.js';
import { SCOPES, type Scope } from '../../src/contract/index.js';
import { DEMO_CLIENT, startSimulator, type Simulator } from '../../src/simulator/index.js';
import { rejection } from '../helpers/failures.js';
import { anOrder } from '../helpers/orders.js';

const BEGINNING = Date.parse('2026-01-31T12:00:00.000Z');
const COLOURED = styleFor({ isTTY: true, hasColors: () => true });
const PLAIN = styleFor({ isTTY: false });

let simulator: Simulator;
let now: number;

beforeEach(async () => {
  now = BEGINNING;
  simulator = await startSimulator({ now: () => now, secondPost: 'duplicate' });
});
afterEach(async () => {
  await simulator.close();
});

async function tokenFor(scope: Scope): Promise<string> {
  const { clientId: client_id, clientSecret: client_secret } = DEMO_CLIENT;
  const body = new URLSearchParams({ client_id, client_secret, grant_type: 'client_credentials', scope });
  const answer: unknown = await (
    await fetch(`${simulator.url}/oauth/token`, { method: 'POST', body })
  ).json();
  return `Bearer ${String(Reflect.get(Object(answer), 'access_token'))}`;
}

const SUBSCRIPTIONS = '/api/v1/marketplace/subscriptions';

/** A call that may be lost. */
async function call(path: string, init: RequestInit): Promise<void> {
  await fetch(`${simulator.url}${SUBSCRIPTIONS}${path}`, init).catch(() => undefined);
}

async function place(id: string, authorization: string, tradingPartnerId = 'P'): Promise<void> {
  const headers = { authorization, 'content-type': 'application/json' };
  const body = JSON.stringify(anOrder({ externalSubscriptionId: id, tradingPartnerId }));
  await call('', { method: 'POST', headers, body });
}

async function find(id: string, authorization: string): Promise<void> {
  await call(`/${encodeURIComponent(id)}`, { headers: { authorization } });
}

async function reported(id?: string): Promise<string[]> {
  const report = await portalReport(PortalControl.at(simulator.url), id);
  return portalReportLines(report, { style: PLAIN, width: 100, now });
}

describe("the simulator's report", () => {
  it('tells the story of each order, and sums up', async () => {
    const read = await tokenFor(SCOPES.read);
    const create = await tokenFor(SCOPES.create);
    await tokenFor(SCOPES.create);
    simulator.addFault({ call: 'place', then: { do: 'drop', when: 'after' } });
    await find('EXT-1', read);
    now += 100;
    await place('EXT-1', create);
    for (let poll = 0; poll < 3; poll += 1) {
      now += 5_000;
      await find('EXT-1', read);
    }
    await find('EXT-2', read);
    expect(await reported()).toEqual([
      'EXT-1  order A-S00012345  since 2026-01-31T12:00:00Z',
      '  +0.0 s  GET 404',
      '  +0.1 s  POST dropped (drop after) committed',
      '  +5.1 s  GET 200 ×3, the last at +15.1 s',
      '',
      'EXT-2  no order  since 2026-01-31T12:00:15Z',
      '  +0.0 s  GET 404',
      '',
      'Tokens',
      '  marketplace.order:read    1 × 200',
      '  marketplace.order:create  2 × 200',
      '',
      'In all: 9 calls (1 with a fault), 1 order, 2 IDs, no double order',
    ]);
    expect(await reported('EXT-2')).toEqual([
      'EXT-2  no order  since 2026-01-31T12:00:15Z',
      '  +0.0 s  GET 404',
      '',
      'In all: 1 call (0 with a fault), 0 orders, 1 ID, no double order',
    ]);
  });

  it('shows a double order in red, and whose they are where that differs', async () => {
    const create = await tokenFor(SCOPES.create);
    await place('EXT-1', create);
    await place('EXT-1', create, 'Q');
    const report = await portalReport(PortalControl.at(simulator.url));
    expect(report).toMatchObject({
      url: simulator.url,
      purchases: [
        {
          externalSubscriptionId: 'EXT-1',
          isDoubleOrder: true,
          orders: [{ subscriptionNumber: 'A-S00012345' }, { subscriptionNumber: 'A-S00012346' }],
          calls: [{ call: 'place', status: 201, committed: true, count: 2, afterMs: 0, lastAfterMs: 0 }],
        },
      ],
      totals: { calls: 3, faults: 0, orders: 2, doubleOrders: 1 },
    });
    const lines = portalReportLines(report, { style: COLOURED, width: 100, now });
    const double = 'DOUBLE ORDER: 2 orders, A-S00012345 of P, A-S00012346 of Q';
    expect(lines[0]).toContain(COLOURED.red(double));
    expect(lines.at(-1)).toContain(COLOURED.red('DOUBLE ORDERS: 1'));
    expect(JSON.stringify(report)).not.toMatch(/Ada|Example GmbH/);
  });

  it('says that nothing was asked', async () => {
    expect(await reported()).toEqual(['In all: 0 calls (0 with a fault), 0 orders, 0 IDs, no double order']);
  });
});

describe("the simulator's faults", () => {
  it('are added, listed and cleared', async () => {
    const control = PortalControl.at(undefined, { MARKETPLACE_PORTAL_URL: `${simulator.url}/` });
    const fault = { call: 'find', times: 'always', then: { do: 'hide', forMs: 1 } } as const;
    expect(await control.addFaults([fault, { ...fault, times: 2 }])).toBe(2);
    expect(await control.faults()).toEqual([
      { fault, left: 'always', skip: 0 },
      { fault: { ...fault, times: 2 }, left: 2, skip: 0 },
    ]);
    await control.clearFaults();
    expect(await control.faults()).toEqual([]);
  });
});

describe('what is no simulator', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  /** Something else that answers so to whatever it is asked. */
  async function serverWith(status: number, body: string, headers = {}): Promise<string> {
    const server = createServer((_request, answer) => answer.writeHead(status, headers).end(body));
    servers.push(server);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
    return `http://127.0.0.1:${address.port}`;
  }

  async function refused(url: string): Promise<CliError['report']> {
    const error = await rejection(PortalControl.at(url).faults());
    if (error instanceof CliError) return error.report;
    throw error;
  }

  it.each([
    [404, 'not found', {}, 'HTTP status 404'],
    [200, '<html>hello</html>', {}, 'its answer is not'],
    [200, '[{"what": "is this"}]', {}, 'its answer is not'],
    [307, '', { location: 'http://192.0.2.1/' }, 'HTTP status 307'],
  ])('is told from one: %i %s', async (status, body, headers, says) => {
    const url = await serverWith(status, body, headers);
    expect(await refused(url)).toMatchObject({
      message: expect.stringContaining(`what answers at ${url} is not this program's simulator (${says}`),
      exitCode: EXIT.usage,
    });
  });

  it('may be nobody', async () => {
    await simulator.close();
    expect(await refused(simulator.url)).toMatchObject({
      type: 'SimulatorUnreachable',
      message: expect.stringContaining('ECONNREFUSED'),
      exitCode: EXIT.unreachable,
    });
  });

  it.each([
    'https://customers.gitlab.com',
    'http://customers.gitlab.com',
    'http://192.0.2.1:8080',
    'http://localhost.example.com',
    'https://127.0.0.1:1',
    'ftp://127.0.0.1',
    '127.0.0.1:8080',
  ])('is not called at %s', (url) => {
    expect(() => PortalControl.at(url)).toThrow('must be an http URL on this machine');
    expect(() => PortalControl.at(undefined, { MARKETPLACE_PORTAL_URL: url })).toThrow(
      /^MARKETPLACE_PORTAL_URL must be/,
    );
  });

  it('has to be named', () => {
    expect(() => PortalControl.at(undefined, {})).toThrow('name the simulator with --url');
  });
});
