import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PurchaseClient } from '../../src/client/index.js';
import { DEMO_CLIENT, startSimulator, type Simulator } from '../../src/simulator/index.js';
import { loadTemporalConfig, startDevServer, type DevServer } from '../../src/temporal/index.js';
import { createAuthority, type Authority, type Certificate } from '../helpers/certificates.js';
import { marketplace } from '../helpers/marketplace.js';
import { HAS_NGINX, startNginx, type Nginx } from '../helpers/nginx.js';
import { anOrder, QUICK } from '../helpers/orders.js';
import { killWorkers, WorkerProcess } from '../helpers/processes.js';
import { startRecordingRelay } from '../helpers/recording-relay.js';
import { startStrictTlsFront } from '../helpers/strict-tls-front.js';

// A real Temporal server behind a real nginx: mutual TLS, and an API key over TLS.

const TIMEOUT = 180_000;
const NAME = 'temporal.example';
const API_KEY = `key-${randomUUID()}`;

let server: DevServer;
let simulator: Simulator;
let ours: Authority;
let theirs: Authority;
let serverCertificate: Certificate;
let client: Certificate;
let mutual: Nginx;

beforeAll(async () => {
  server = await startDevServer({ port: 0, headless: true });
  simulator = await startSimulator({ progress: { creatingMs: 0, createdMs: 0 } });
  ours = await createAuthority();
  theirs = await createAuthority();
  serverCertificate = await ours.issue({ name: 'server', altNames: `DNS:${NAME}` });
  client = await ours.issue({ name: 'worker', altNames: 'DNS:worker.example' });
  mutual = await startNginx({ target: server.address, server: serverCertificate, clientCa: ours.cert });
});
afterEach(killWorkers);
afterAll(async () => {
  await killWorkers();
  await mutual?.stop();
  await simulator?.close();
  await server?.kill();
  await ours?.remove();
  await theirs?.remove();
});

type Environment = Readonly<Record<string, string>>;

/** What shows a client certificate, and knows the server by name. */
function tlsOf(certificate: Certificate | undefined, changes: Environment = {}): Environment {
  return {
    ...(certificate && {
      TEMPORAL_TLS_CLIENT_CERT_PATH: certificate.cert,
      TEMPORAL_TLS_CLIENT_KEY_PATH: certificate.key,
    }),
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: ours.cert,
    TEMPORAL_TLS_SERVER_NAME: NAME,
    ...changes,
  };
}

function worker(env: Environment): WorkerProcess {
  return new WorkerProcess({
    MARKETPLACE_PORTAL_URL: simulator.url,
    MARKETPLACE_CLIENT_ID: DEMO_CLIENT.clientId,
    MARKETPLACE_CLIENT_SECRET: DEMO_CLIENT.clientSecret,
    ...env,
  });
}

/** Buys with a worker, a partner's backend and the command line, all with the same settings. */
async function buysWith(env: Environment): Promise<string> {
  const running = await worker(env).isReady();
  // Nothing of the settings of whoever runs the tests.
  const empty = join(ours.folder, 'empty.toml');
  await writeFile(empty, '[profile.default]\n');
  const { connectionOptions, namespace } = loadTemporalConfig({ TEMPORAL_CONFIG_FILE: empty, ...env });
  const connection = await Connection.connect(connectionOptions);
  try {
    const purchases = new PurchaseClient(new Client({ connection, namespace }));
    const order = anOrder();
    await purchases.purchase(order, { options: QUICK, within: '1m' });
    expect(await purchases.waitForResult(order)).toMatchObject({ outcome: 'Provisioned' });
    const shown = await marketplace(['status', order.externalSubscriptionId, '-o', 'json'], env);
    expect(shown).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Provisioned') });
    running.signal('SIGTERM');
    expect(await running.end()).toBe(0);
    return running.stdout + running.stderr + shown.stdout + shown.stderr;
  } finally {
    await connection.close();
  }
}

/** Neither a worker nor the command line gets anywhere. @returns what each of them says, in words of ours. */
async function refusals(env: Environment): Promise<readonly string[]> {
  const refused = worker(env);
  const [exitCode, cli] = await Promise.all([refused.end(), marketplace(['list', '-o', 'json'], env)]);
  expect({ exitCode, cli: cli.exitCode, stdout: refused.stdout }).toEqual({
    exitCode: 1,
    cli: 7,
    stdout: '',
  });
  for (const text of [refused.stderr, cli.stderr]) {
    expect(text).not.toMatch(/No Temporal server answers|transport|^\s+at /im);
  }
  return [refused.stderr, cli.stderr];
}

/** What is wrong with the certificates, and what must be said. */
const WRONG = {
  'no client certificate': {
    env: async () => tlsOf(undefined),
    reason: /not take us without a client certificate/,
    advice: /Set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH/,
  },
  'a client certificate of another authority': {
    env: async () => tlsOf(await theirs.issue({ name: 'stranger', altNames: 'DNS:worker.example' })),
    reason: /does not take the client certificate of CN=stranger, issued by CN=Test CA/,
    advice: /whose authority the server trusts/,
  },
  'an expired client certificate': {
    env: async () => tlsOf(await ours.issue({ name: 'old', altNames: 'DNS:worker.example', days: -1 })),
    reason: /client certificate expired on 20\d\d-/,
    advice: /Have it renewed/,
  },
} as const;

describe.skipIf(!HAS_NGINX)('mutual TLS', () => {
  it(
    'carries a purchase: worker, backend and command line, by variables',
    async () => {
      await buysWith({ TEMPORAL_ADDRESS: mutual.address, ...tlsOf(client) });
      const calls = (await mutual.accessLog()).trim().split('\n');
      expect(calls.some((call) => call.includes('PollWorkflowTaskQueue'))).toBe(true);
      expect(calls.filter((call) => !/^TLSv1\.[23] SUCCESS /.test(call))).toEqual([]);
    },
    TIMEOUT,
  );

  it(
    'carries a purchase: by a profile',
    async () => {
      const file = join(ours.folder, 'temporal.toml');
      await writeFile(
        file,
        `[profile.production]
address = "${mutual.address}"
namespace = "default"
[profile.production.tls]
client_cert_path = "${client.cert}"
client_key_path = "${client.key}"
server_ca_cert_path = "${ours.cert}"
server_name = "${NAME}"
`,
      );
      const env = { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'production' };
      expect(await buysWith(env)).toContain('worker ready');
    },
    TIMEOUT,
  );

  it.each(Object.entries(WRONG))(
    '(%s) says so, and what to do',
    async (_name, { env, reason, advice }) => {
      const settings = await env();
      for (const text of await refusals({ TEMPORAL_ADDRESS: mutual.address, ...settings })) {
        expect(text).toMatch(reason);
        expect(text).toMatch(advice);
      }
      const strict = await startStrictTlsFront(server.address, serverCertificate, ours.cert);
      try {
        for (const text of await refusals({ TEMPORAL_ADDRESS: strict.address, ...settings })) {
          expect(text).toMatch(reason);
          expect(text).toMatch(advice);
        }
      } finally {
        await strict.close();
      }
    },
    TIMEOUT,
  );

  it.each([
    [
      'a server of another name',
      () => tlsOf(client, { TEMPORAL_TLS_SERVER_NAME: 'other.example' }),
      /no certificate for the name .{0,2}other\.example/,
      /TEMPORAL_TLS_SERVER_NAME to a name that its certificate has: DNS:temporal\.example/,
    ],
    [
      'a server of an authority that is not known here',
      () => tlsOf(client, { TEMPORAL_TLS_SERVER_CA_CERT_PATH: theirs.cert }),
      /of no authority that is trusted here/,
      /Set TEMPORAL_TLS_SERVER_CA_CERT_PATH/,
    ],
    ['TLS off here', () => ({}), /speaks TLS, and TLS is off here/, /Set TEMPORAL_TLS to true/],
  ])(
    '(%s) says so, and what to do',
    async (_name, env, reason, advice) => {
      for (const text of await refusals({ TEMPORAL_ADDRESS: mutual.address, ...env() })) {
        expect(text).toMatch(reason);
        expect(text).toMatch(advice);
      }
    },
    TIMEOUT,
  );
});

describe.skipIf(!HAS_NGINX)('an API key', () => {
  let keyed: Nginx;
  beforeAll(async () => {
    keyed = await startNginx({ target: server.address, server: serverCertificate, apiKey: API_KEY });
  });
  afterAll(async () => keyed?.stop());

  it(
    'carries a purchase over TLS, and is in clear nowhere',
    async () => {
      const relay = await startRecordingRelay(keyed.address);
      try {
        const env = { TEMPORAL_ADDRESS: relay.address, TEMPORAL_API_KEY: API_KEY, ...tlsOf(undefined) };
        const output = await buysWith(env);
        expect(output).not.toContain(API_KEY);
        expect(relay.sent().length).toBeGreaterThan(1_000);
        expect(relay.sent().includes(API_KEY)).toBe(false);
        expect(await keyed.accessLog()).toContain('RespondWorkflowTaskCompleted');
      } finally {
        await relay.close();
      }
    },
    TIMEOUT,
  );

  it(
    'that is wrong says so',
    async () => {
      const env = { TEMPORAL_ADDRESS: keyed.address, TEMPORAL_API_KEY: 'another-key', ...tlsOf(undefined) };
      for (const text of await refusals(env)) {
        expect(text).toMatch(/does not take this API key/);
        expect(text).toMatch(/Check TEMPORAL_API_KEY/);
      }
    },
    TIMEOUT,
  );

  it(
    'is not sent to a server without TLS',
    async () => {
      const relay = await startRecordingRelay(server.address);
      try {
        const env = { TEMPORAL_ADDRESS: relay.address, TEMPORAL_API_KEY: API_KEY };
        for (const text of await refusals(env)) {
          expect(text).toMatch(/speaks no TLS, and TLS is on here/);
          expect(text).toMatch(/never sent in clear/);
        }
        expect(relay.sent().length).toBeGreaterThan(0);
        expect(relay.sent().includes(API_KEY)).toBe(false);
      } finally {
        await relay.close();
      }
    },
    TIMEOUT,
  );

  it('with TLS off is refused before anything is sent', async () => {
    const relay = await startRecordingRelay(server.address);
    try {
      const env = { TEMPORAL_ADDRESS: relay.address, TEMPORAL_API_KEY: API_KEY, TEMPORAL_TLS: 'false' };
      const refused = worker(env);
      const [exitCode, cli] = await Promise.all([refused.end(), marketplace(['list'], env)]);
      expect({ exitCode, cli: cli.exitCode }).toEqual({ exitCode: 1, cli: 2 });
      for (const text of [refused.stderr, cli.stderr]) {
        expect(text).toContain('in clear');
        expect(text).not.toContain(API_KEY);
      }
      expect(relay.sent().length).toBe(0);
    } finally {
      await relay.close();
    }
  });
});

it.skipIf(!HAS_NGINX)(
  'a client certificate and a key that do not belong together are refused before anything is sent',
  async () => {
    const env = tlsOf(
      { cert: client.cert, key: serverCertificate.key },
      { TEMPORAL_ADDRESS: mutual.address },
    );
    const before = await mutual.accessLog();
    const refused = worker(env);
    expect(await refused.end()).toBe(1);
    expect(refused.stderr).toMatch(/do not belong together. Correct TEMPORAL_TLS_CLIENT_CERT_PATH/);
    expect(refused.stderr).not.toContain(await readFile(serverCertificate.key, 'utf8'));
    expect(await mutual.accessLog()).toBe(before);
  },
);
