import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { withPurchases } from '../../src/cli/connect.js';
import { Cleanup } from '../../src/cli/demo/cleanup.js';
import { DemoScreen } from '../../src/cli/demo/screen.js';
import { setStage } from '../../src/cli/demo/stage.js';
import { StopSignal } from '../../src/cli/signals.js';
import { DevServerError, resolveExecutable, startDevServer } from '../../src/temporal/index.js';
import type { DevServer, DevServerOptions } from '../../src/temporal/index.js';

/** The built code, as a process of its own cannot run the sources on Node 20. `npm test` builds it. */
const BUILT = new URL('../../dist/src/temporal/index.js', import.meta.url);

let executable: string;
const started: DevServer[] = [];

beforeAll(async () => {
  executable = await resolveExecutable('cli');
}, 600_000);

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.kill()));
});

async function start(options: DevServerOptions = {}): Promise<DevServer> {
  const server = await startDevServer({ executable, port: 0, uiPort: 0, headless: true, ...options });
  started.push(server);
  return server;
}

function portOf(url: string): number {
  return Number(new URL(url.includes('//') ? url : `grpc://${url}`).port);
}

/** Whether a process runs. A dead one that nobody has collected does not. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Whether a process ends soon. */
async function endsSoon(pid: number): Promise<boolean> {
  const giveUpAt = Date.now() + 20_000;
  while (isRunning(pid) && Date.now() < giveUpAt) await delay(50);
  return !isRunning(pid);
}

async function nextLine({ stdout }: ChildProcess): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    stdout?.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
    stdout?.once('end', () => reject(new Error('the process ended without a word')));
  });
}

describe('a development server', () => {
  it('serves gRPC, HTTP and the Web UI on loopback, with the namespace and search attributes asked for', async () => {
    const server = await start({
      headless: false,
      namespace: 'shop',
      searchAttributes: { PurchasePhase: 'Keyword' },
    });
    expect(server.namespace).toBe('shop');
    const connection = await Connection.connect({ address: server.address });
    try {
      const { customAttributes } = await connection.operatorService.listSearchAttributes({
        namespace: 'shop',
      });
      expect(Object.keys(customAttributes)).toEqual(['PurchasePhase']);
    } finally {
      await connection.close();
    }
    const page = await fetch(server.uiUrl ?? '');
    expect(await page.text()).toContain('<html');
    expect((await fetch(new URL('/api/v1/namespaces/shop', server.httpUrl))).status).toBe(200);
  });

  it('takes the wanted ports, and moves on when they are taken', async () => {
    const first = await start({ headless: false });
    const wanted = { port: portOf(first.address), uiPort: portOf(first.uiUrl ?? ''), headless: false };
    const second = await start(wanted);
    expect(second.address).not.toBe(first.address);
    expect(second.uiUrl).not.toBe(first.uiUrl);
    await first.stop();
    const third = await start(wanted);
    expect(third.address).toBe(first.address);
    expect(third.uiUrl).toBe(first.uiUrl);
  });

  it('leaves no process behind when it is stopped, however often', async () => {
    const server = await start();
    expect(isRunning(server.pid)).toBe(true);
    await Promise.all([server.stop(), server.stop()]);
    expect(isRunning(server.pid)).toBe(false);
    await server.stop();
    await server.kill();
  });

  it('is gone when it was killed', async () => {
    const server = await start();
    await server.kill();
    expect(isRunning(server.pid)).toBe(false);
  });

  it('that does not come up tells why', async () => {
    const failing = start({ searchAttributes: { PurchasePhase: 'Nonsense' } });
    await expect(failing).rejects.toThrow(DevServerError);
    await expect(failing).rejects.toThrow(/Nonsense/);
  });

  it('that cannot be run tells why', async () => {
    const failing = start({ executable: '/nowhere/temporal' });
    await expect(failing).rejects.toThrow(DevServerError);
    await expect(failing).rejects.toThrow('/nowhere/temporal could not be run');
  });
});

describe('with a proxy in the environment', () => {
  let proxy: Server;
  let connections: number;

  beforeEach(async () => {
    connections = 0;
    proxy = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const address = proxy.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    for (const name of ['grpc_proxy', 'https_proxy', 'no_grpc_proxy', 'no_proxy']) vi.stubEnv(name, '');
    vi.stubEnv('http_proxy', `http://127.0.0.1:${address.port}`);
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    proxy.close();
  });

  it('a server is started without it', async () => {
    await start();
    expect(connections).toBe(0);
  });

  it.each(['127.0.0.1', 'localhost'])('a command goes to %s without it', async (host) => {
    const { address } = await start();
    const reached = await withPurchases({ address: `${host}:${portOf(address)}` }, async () => 'reached');
    expect(reached).toBe('reached');
    expect(connections).toBe(0);
  });

  it('a command goes to another machine through it', async () => {
    await expect(withPurchases({ address: 'temporal.invalid:7233' }, async () => 'reached')).rejects.toThrow(
      'no Temporal server answers',
    );
    expect(connections).toBeGreaterThan(0);
  });

  it('the demonstration does without it', async () => {
    const parts = {
      screen: await DemoScreen.open('json'),
      cleanup: new Cleanup(),
      stop: new StopSignal(),
    };
    try {
      await setStage('behind-a-proxy', parts);
      expect(connections).toBe(0);
    } finally {
      await parts.cleanup.run();
      parts.stop.dispose();
    }
  });
});

// After SIGKILL of its parent a server stays: nothing can run then that would end it.
describe('a server whose parent ends first', () => {
  const PARENT = `
    const { startDevServer } = await import(process.argv[1]);
    if (process.argv[3] === 'handled') process.once('SIGINT', () => console.log('handled'));
    const server = await startDevServer({ executable: process.argv[2], port: 0, headless: true });
    console.log(server.pid);
    if (process.argv[3] === 'exit') process.exit(0);
  `;

  async function startParent(how: string): Promise<{ parent: ChildProcess; serverPid: number }> {
    if (!existsSync(BUILT))
      throw new Error(`${fileURLToPath(BUILT)} is missing: run \`npm run build\` first.`);
    const args = ['--input-type=module', '-e', PARENT, BUILT.href, executable, how];
    const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    return { parent, serverPid: Number(await nextLine(parent)) };
  }

  it('ends with a parent that exits', async () => {
    const { serverPid } = await startParent('exit');
    expect(await endsSoon(serverPid)).toBe(true);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends with a parent that %s ends', async (signal) => {
    const { parent, serverPid } = await startParent('wait');
    const ended = once(parent, 'exit');
    parent.kill(signal);
    expect(await ended).toEqual([null, signal]);
    expect(await endsSoon(serverPid)).toBe(true);
  });

  it('goes on while its parent handles the first Ctrl-C itself, and ends with the second', async () => {
    const { parent, serverPid } = await startParent('handled');
    const answered = nextLine(parent);
    parent.kill('SIGINT');
    expect(await answered).toBe('handled');
    expect(isRunning(serverPid)).toBe(true);
    parent.kill('SIGINT');
    expect(await endsSoon(serverPid)).toBe(true);
  });
});
