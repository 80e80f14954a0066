import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { resolveExecutable } from '../../src/temporal/index.js';
import { eventually } from '../helpers/eventually.js';
import { anOrder } from '../helpers/orders.js';

// The demonstration as a person runs it: `npm start` is this after a build.

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

let executable: string;
let folder: string;
const running = new Set<Demo>();

/** A demonstration, and the processes it started. */
class Demo {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  output = '';
  errors = '';

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, {
      env: { PATH: process.env['PATH'], HOME: folder, MARKETPLACE_TEMPORAL_CLI: executable, TERM: 'xterm' },
    });
    running.add(this);
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code) => resolve(code));
    });
  }

  static start(...args: readonly string[]): Demo {
    const demo = new Demo(process.execPath, [MAIN, 'demo', ...args]);
    demo.#child.stdin?.end();
    return demo;
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for the end: the exit code. */
  async end(): Promise<number | null> {
    const code = await this.#ended;
    running.delete(this);
    return code;
  }

  async shows(text: string): Promise<void> {
    await eventually(() => {
      if (this.#child.exitCode !== null) throw new Error(`it ended: ${this.output}${this.errors}`);
      return this.output.includes(text) || undefined;
    });
  }

  /** The process IDs below it. */
  async descendants(): Promise<number[]> {
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
    const rows = stdout
      .trim()
      .split('\n')
      .map((row) => row.trim().split(/\s+/).map(Number));
    const below = (pid: number | undefined): number[] =>
      rows.flatMap(([child = 0, parent]) => (parent === pid ? [child, ...below(child)] : []));
    return below(this.#child.pid);
  }
}

async function isGone(pid: number): Promise<boolean> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,stat=']);
  return !stdout.split('\n').some((row) => new RegExp(`^\\s*${pid}\\s+[^Z]`).test(row));
}

async function expectGone(pids: readonly number[]): Promise<void> {
  expect(pids).not.toEqual([]);
  for (const pid of pids) await eventually(async () => (await isGone(pid)) || undefined, 50);
}

beforeAll(async () => {
  executable = await resolveExecutable('cli');
  folder = mkdtempSync(join(tmpdir(), 'cli-demo-'));
}, 600_000);

afterEach(async () => {
  for (const demo of running) {
    demo.signal('SIGINT');
    await demo.end();
  }
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the demo', () => {
  it('shows a purchase in plain lines, ends with 0 and leaves no process behind', async () => {
    const demo = Demo.start('--once');
    await demo.shows('Temporal server');
    const below = await demo.descendants();
    expect(await demo.end()).toBe(0);
    await expectGone(below);
    expect(demo.errors).toBe('');
    expect(demo.output).toMatch(/Order placed +A-S\d+/);
    expect(demo.output).toMatch(/^Provisioned: subscription A-S\d+/m);
    expect(demo.output).toMatch(
      /^ {2}http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\/purchase%3A0012300000AbCdE%3AEXT-1001\/[\w-]{36}\/user-metadata$/m,
    );
    expect(demo.output).not.toMatch(/Try next|Another purchase/);
    // No colours, no spinner: not one control character but line feeds.
    expect(demo.output.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it('prints the last status as JSON, its steps on standard error', async () => {
    const demo = Demo.start('--once', '-o', 'json');
    expect(await demo.end()).toBe(0);
    expect(JSON.parse(demo.output)).toMatchObject({
      runStatus: 'COMPLETED',
      status: { phase: 'Provisioned' },
    });
    expect(demo.errors).toContain('Order placed');
  });

  it('says why an order failed and what to do, and ends with 3', async () => {
    const path = join(folder, 'refused.json');
    writeFileSync(path, JSON.stringify(anOrder({ orderLines: [{ productId: 'refuse-me', quantity: 1 }] })));
    const demo = Demo.start('--order', path);
    expect(await demo.end()).toBe(3);
    expect(demo.output).toMatch(/^Failed: OrderRejected: .*refuse-me cannot be ordered/m);
    expect(demo.output).toContain('What to do');
  });

  it('that is interrupted ends all that it started', async () => {
    // One that does not end by itself, however slow the machine is.
    const path = join(folder, 'endless.json');
    const orderLines = [{ productId: 'never-provisions', quantity: 1 }];
    writeFileSync(path, JSON.stringify(anOrder({ orderLines })));
    const demo = Demo.start('--once', '--order', path);
    await demo.shows('Purchase started');
    const below = await demo.descendants();
    demo.signal('SIGINT');
    const code = await demo.end();
    expect({ code, errors: demo.errors }).toEqual({ code: 130, errors: 'error: interrupted\n' });
    await expectGone(below);
  });

  it.runIf(process.platform === 'linux' && existsSync('/usr/bin/script'))(
    'stays up in a terminal until Ctrl-C, and then ends with 0',
    async () => {
      const demo = new Demo('/usr/bin/script', [
        '-qec',
        `exec '${process.execPath}' '${MAIN}' demo`,
        '/dev/null',
      ]);
      await demo.shows('Ctrl-C ends it.');
      expect(demo.output).toContain('workflow show --workflow-id purchase:0012300000AbCdE:EXT-1001');
      const below = await demo.descendants();
      demo.type('\u0003');
      expect(await demo.end()).toBe(0);
      await expectGone(below);
    },
  );
});
