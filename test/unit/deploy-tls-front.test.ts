import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../src/simulator/index.js';
import { inRepository } from '../helpers/deployment-files.js';

let folder: string;
let simulator: Simulator;
let front: ChildProcess;
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tls-front-'));
  execFileSync('sh', [inRepository('deploy/compose/make-secrets.sh'), folder]);
  simulator = await startSimulator();
  const files = ['tls-cert', 'tls-key'].map((name) => join(folder, name));
  const script = inRepository('deploy/compose/tls-front.mjs');
  front = spawn(process.execPath, [script, '127.0.0.1:0', String(simulator.port), ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (front.stdout === null) throw new Error('the front says nothing');
  for await (const line of createInterface(front.stdout)) {
    url = `https://localhost:${/TLS on port (\d+)/.exec(line)?.[1]}`;
    break;
  }
});

afterAll(async () => {
  front.kill('SIGKILL');
  await simulator.close();
  rmSync(folder, { recursive: true, force: true });
});

const ASK = `fetch(process.argv[1]).then(async (answer) => console.log(answer.status, await answer.text()),
  ({ cause }) => console.log(cause.code))`;

/** What a process of its own is answered: which certificates it trusts is settled when it starts. */
async function asked(path: string, trusted: string | undefined): Promise<string> {
  const env = trusted === undefined ? {} : { NODE_EXTRA_CA_CERTS: trusted };
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', ASK, `${url}${path}`], { env });
  return stdout.trim();
}

describe('the TLS in front of the simulator and of the codec server', () => {
  it('passes on what who trusts its certificate asks', async () => {
    expect(await asked('/_simulator/orders', join(folder, 'tls-cert'))).toBe('200 []');
  });

  it('is refused by who does not trust it, and goes on', async () => {
    expect(await asked('/_simulator/orders', undefined)).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(await asked('/_simulator/orders', join(folder, 'tls-cert'))).toBe('200 []');
  });

  it('drops the connection that the server drops, and goes on', async () => {
    simulator.addFault({ call: 'any', then: { do: 'drop', when: 'before' } });
    const path = '/api/v1/marketplace/subscriptions/EXT-1';
    expect(await asked(path, join(folder, 'tls-cert'))).toMatch(/^(UND_ERR_SOCKET|ECONNRESET)$/);
    expect(await asked(path, join(folder, 'tls-cert'))).toMatch(/^401 /);
  });

  it('ends at once when it is told to', async () => {
    const ended = once(front, 'exit');
    front.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});
