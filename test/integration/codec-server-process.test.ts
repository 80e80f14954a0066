import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { purchaseWorkflowId, type Order } from '../../src/contract/index.js';
import { begin, EncryptedRig } from '../helpers/encrypted-rig.js';
import { eventually } from '../helpers/eventually.js';
import { AUDIENCE, startIdentityProvider, type IdentityProvider } from '../helpers/identity-provider.js';
import { aKey, ringText } from '../helpers/keys.js';
import { marketplace } from '../helpers/marketplace.js';
import { anOrder } from '../helpers/orders.js';
import { TemporalCli } from '../helpers/temporal-cli.js';

// `marketplace codec-server` as it is run, asked by Temporal's own CLI about a real purchase.

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const RING = ringText(aKey('2026-11', 1));

let rig: EncryptedRig;
let provider: IdentityProvider;
let cli: TemporalCli;
let server: ChildProcess;
let stdout = '';
let stderr = '';
let order: Order;

beforeAll(async () => {
  rig = await EncryptedRig.start();
  provider = await startIdentityProvider();
  cli = await TemporalCli.on(rig.server.address);
  server = spawn(process.execPath, [MAIN, 'codec-server'], {
    env: { PATH: process.env['PATH'], HOME: tmpdir(), ...environment() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  server.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  server.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await rig.startWorker(RING);
  order = await begin(rig.callerWith(RING), anOrder());
  await rig.callerWith(RING).purchases.waitForResult(order);
});
afterAll(async () => {
  if (server?.exitCode === null) server.kill('SIGKILL');
  await provider?.close();
  await rig?.stop();
});

function environment(): Record<string, string> {
  return {
    MARKETPLACE_CODEC_ADDRESS: '127.0.0.1:0',
    MARKETPLACE_CODEC_KEYS: RING,
    MARKETPLACE_CODEC_JWKS_URL: provider.jwksUrl,
    MARKETPLACE_CODEC_JWT_ISSUER: provider.issuer,
    MARKETPLACE_CODEC_JWT_AUDIENCE: AUDIENCE,
    MARKETPLACE_CODEC_NAMESPACES: 'default',
  };
}

async function url(): Promise<string> {
  return eventually(() => /codec server ready: (\S+),/.exec(stdout)?.[1]);
}

/** The history as the CLI prints it, payloads that are base64 read too. */
async function shown(...flags: readonly string[]) {
  const named = ['--workflow-id', purchaseWorkflowId(order), '--output', 'json'];
  const { exitCode, stdout: json } = await cli.run('workflow', 'show', ...named, ...flags);
  const data = [...json.matchAll(/"([A-Za-z0-9+/=]{8,})"/g)].map(([, base64 = '']) =>
    Buffer.from(base64, 'base64').toString('utf8'),
  );
  return { exitCode, text: [json, ...data].join('\n') };
}

describe('the temporal CLI', () => {
  it('without a codec server shows ciphertext', async () => {
    const { exitCode, text } = await shown();
    expect(exitCode).toBe(0);
    expect(text).toContain('2026-11');
    expect(text).not.toMatch(/Lovelace|ada@example\.com|Example GmbH/);
  });

  it('with it, and a token, shows what was ordered', async () => {
    const flags = ['--codec-endpoint', await url(), '--codec-auth', `Bearer ${await provider.token()}`];
    const { exitCode, text } = await shown(...flags);
    expect(exitCode).toBe(0);
    expect(text).toContain('Lovelace');
    expect(text).toContain('ada@example.com');
    expect(text).not.toContain('binary/encrypted');
    expect(stderr).toContain('"subject":"ada"');
    expect(stderr).toContain('"keyIds":["2026-11"]');
  });

  it('with the namespace in the endpoint shows the same', async () => {
    const endpoint = `${await url()}/{namespace}`;
    const flags = ['--codec-endpoint', endpoint, '--codec-auth', `Bearer ${await provider.token()}`];
    expect((await shown(...flags)).text).toContain('Lovelace');
  });

  it.each([
    ['without a token', async () => []],
    ['with an expired one', async () => ['--codec-auth', `Bearer ${await provider.token({ exp: 1 })}`]],
    [
      'with one of somebody else',
      async () => ['--codec-auth', `Bearer ${await provider.token({ iss: 'x' })}`],
    ],
  ])('%s shows nothing, and that is written down', async (_name, auth) => {
    const linesBefore = stderr.split('\n').length;
    // The CLI asks again and again until its time is up.
    const soon = ['--command-timeout', '2s'];
    const { exitCode, text } = await shown('--codec-endpoint', await url(), ...soon, ...(await auth()));
    expect({ exitCode, isShown: text.includes('Lovelace') }).toEqual({ exitCode: 1, isShown: false });
    const lines = await eventually(() => {
      const written = stderr.split('\n').slice(linesBefore - 1, -1);
      return written.length > 0 ? written : undefined;
    });
    for (const line of lines) expect(line).toContain('"outcome":"refused"');
  });

  it('can send what the purchase can read', async () => {
    const other = anOrder();
    rig.simulator.setStatus(other.externalSubscriptionId, 'Created');
    const caller = rig.callerWith(RING);
    await begin(caller, other);
    const flags = ['--codec-endpoint', await url(), '--codec-auth', `Bearer ${await provider.token()}`];
    const named = ['--workflow-id', purchaseWorkflowId(other), '--name', 'cancel'];
    const input = ['--input', '{"reason":"changed their mind"}'];
    expect(await cli.run('workflow', 'signal', ...named, ...input, ...flags)).toMatchObject({ exitCode: 0 });
    const wish = await eventually(async () => (await caller.purchases.status(other)).status.cancellation);
    expect(wish).toMatchObject({ via: 'signal', reason: 'changed their mind' });
  });
});

describe('the codec server', () => {
  it('writes down no token and no payload', () => {
    expect(stderr).not.toMatch(/eyJ|Lovelace|ada@example\.com/);
  });

  it('that lacks settings says which, and starts nothing', async () => {
    const { exitCode, stderr: said } = await marketplace(['codec-server']);
    expect(exitCode).toBe(2);
    expect(said).toContain('MARKETPLACE_CODEC_KEYS_FILE is not set');
    expect(said).toContain('MARKETPLACE_CODEC_JWKS_URL is not set');
  });

  it('says of an address that is taken what to do', async () => {
    const taken = { ...environment(), MARKETPLACE_CODEC_ADDRESS: new URL(await url()).host };
    const { exitCode, stderr: said } = await marketplace(['codec-server'], taken);
    expect(exitCode).toBe(2);
    expect(said).toContain('MARKETPLACE_CODEC_ADDRESS');
  });

  it('ends when it is told to', async () => {
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});
