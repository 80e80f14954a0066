import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { DEMO_CLIENT } from '../../src/simulator/index.js';
import { eventually } from '../helpers/eventually.js';

// The built command line alone: one process is the simulator, others steer it. `npm test` builds it.

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const DROP = { call: 'find', times: 'always', then: { do: 'drop', when: 'before' } };

const ready = z.object({ url: z.string(), port: z.number(), env: z.record(z.string(), z.string()) });

const folder = mkdtempSync(join(tmpdir(), 'cli-simulator-'));
let running: ChildProcess | undefined;

afterEach(async () => {
  if (running?.exitCode === null && running.signalCode === null) {
    const ended = once(running, 'exit');
    running.kill('SIGKILL');
    await ended;
  }
  running = undefined;
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function environment(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: folder, ...env };
}

/** A simulator of its own, and what it prints first. */
async function simulate(args: readonly string[], input = '') {
  const child = spawn(process.execPath, [MAIN, 'simulator', '-o', 'jsonl', ...args], { env: environment() });
  running = child;
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stdin.end(input);
  const line = await eventually(() => {
    if (child.exitCode !== null) throw new Error('the simulator ended');
    return output.endsWith('\n') ? output : undefined;
  });
  return { child, ...ready.parse(JSON.parse(line)) };
}

async function marketplace(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [MAIN, ...args], { env: environment(env) }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(error);
    });
  });
}

function file(content: unknown): string {
  const path = join(folder, 'faults.json');
  writeFileSync(path, JSON.stringify(content));
  return path;
}

/** The faults that wait, one a line. */
async function waiting(url: string): Promise<unknown[]> {
  const lines = (await marketplace(['faults', 'list', '--url', url, '-o', 'jsonl'])).trimEnd().split('\n');
  return lines.filter(Boolean).map((line): unknown => JSON.parse(line));
}

describe('the simulator', () => {
  it('prints how to reach it, and ends by SIGTERM', async () => {
    const { child, env, url, port } = await simulate([]);
    expect(env).toEqual({
      MARKETPLACE_PORTAL_URL: url,
      MARKETPLACE_CLIENT_ID: DEMO_CLIENT.clientId,
      MARKETPLACE_CLIENT_SECRET: DEMO_CLIENT.clientSecret,
    });
    expect(url).toBe(`http://127.0.0.1:${port}`);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });

  it('begins with the faults of the command line, then those of a file', async () => {
    const { url } = await simulate(['--fault', JSON.stringify(DROP), '--faults', file([DROP, DROP])]);
    expect(await waiting(url)).toEqual(
      Array.from({ length: 3 }, () => ({ fault: DROP, left: 'always', skip: 0 })),
    );
  });

  it('takes them from standard input', async () => {
    const { url } = await simulate(['--faults', '-'], JSON.stringify(DROP));
    expect(await waiting(url)).toHaveLength(1);
  });
});

describe('faults and the report', () => {
  it('steer a running simulator, and tell what it was asked', async () => {
    const { url, env } = await simulate([]);
    const added = await marketplace(['faults', 'add', JSON.stringify(DROP), '--file', file(DROP)], env);
    expect(added).toBe('Added 2 faults.\n');
    await expect(fetch(`${url}/api/v1/marketplace/subscriptions/EXT-1`)).rejects.toThrow('fetch failed');
    const list = await marketplace(['faults', 'list'], env);
    expect(list).toMatch(/^FOR +SKIPS +TIME +FAULT\nalways +0 +any +\{"call":"find",/);
    expect(await marketplace(['faults', 'clear'], env)).toBe('Cleared 2 faults.\n');
    expect(await marketplace(['faults', 'list'], env)).toBe('No fault waits.\n');
    expect((await fetch(`${url}/api/v1/marketplace/subscriptions/EXT-1`)).status).toBe(401);
    const text = await marketplace(['simulator', 'report', '--id', 'EXT-1'], env);
    expect(text).toMatch(
      /^EXT-1 {2}no order .*\n {2}\+0\.0 s +GET dropped \(drop before\)\n {2}.* GET 401\n/,
    );
    const report: unknown = JSON.parse(await marketplace(['simulator', 'report', '-o', 'json'], env));
    expect(report).toMatchObject({
      purchases: [{ externalSubscriptionId: 'EXT-1', orders: [], isDoubleOrder: false }],
      totals: { calls: 2, faults: 1, orders: 0, doubleOrders: 0 },
    });
  });

  it('name an order that nobody asked about', async () => {
    const { env } = await simulate([]);
    await expect(marketplace(['simulator', 'report', '--id', 'EXT-2'], env)).rejects.toMatchObject({
      code: 4,
    });
  });
});
