import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.js';

/** The built worker: Node 20 cannot run the sources. `npm test` builds it. */
const WORKER = fileURLToPath(new URL('../../dist/src/worker/main.js', import.meta.url));

const started = new Set<ChildProcess>();

// A test run that is broken off leaves none behind either.
process.once('exit', () => {
  for (const child of started) child.kill('SIGKILL');
});

/** A worker as an operator runs it: a process of its own, configured by its environment. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;
  #stdout = '';
  #stderr = '';

  constructor(env: NodeJS.ProcessEnv) {
    if (!existsSync(WORKER)) throw new Error(`${WORKER} is missing: run \`npm run build\` first.`);
    this.#child = spawn(process.execPath, [WORKER], {
      // A home without a configuration file of Temporal's, which could lead to another server.
      env: { PATH: process.env['PATH'], HOME: tmpdir(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    started.add(this.#child);
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#closed = new Promise((resolve) => {
      this.#child.once('close', () => resolve());
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Waits for the line that says so. */
  async isReady(): Promise<this> {
    await eventually(() => {
      if (this.#child.exitCode !== null) throw new Error(`the worker ended: ${this.#stderr}`);
      return /^worker ready/m.test(this.#stdout) || undefined;
    });
    return this;
  }

  /** Sends a signal; {@link end} waits for what comes of it. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Kills it, as a lost machine would be: it neither finishes nor says anything. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.end();
  }

  /** Waits for the end: an exit code, or the signal that ended it. */
  async end(): Promise<number | NodeJS.Signals | null> {
    await this.#closed;
    started.delete(this.#child);
    return this.#child.exitCode ?? this.#child.signalCode;
  }
}

/** Kills the workers that a test left running. */
export async function killWorkers(): Promise<void> {
  await Promise.all(
    [...started].map(async (child) => {
      const isRunning = child.exitCode === null && child.signalCode === null;
      started.delete(child);
      if (!isRunning) return;
      const ended = new Promise((resolve) => {
        child.once('exit', resolve);
      });
      child.kill('SIGKILL');
      await ended;
    }),
  );
}
