import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** What a program came to. */
export interface Ending {
  readonly exitCode: number | null;
  /** What it printed, read as JSON, one value a line. */
  readonly lines: readonly unknown[];
  readonly stderr: string;
}

const running = new Set<ChildProcess>();

// A test run that is broken off leaves none behind.
process.once('exit', () => {
  for (const child of running) child.kill();
});

/** An example's program under way. */
export class Program {
  readonly #child: ChildProcess;
  readonly #ending: Promise<Ending>;
  readonly #lines: unknown[] = [];
  readonly #firstLine: Promise<unknown>;

  constructor([executable = '', ...args]: readonly string[], env: NodeJS.ProcessEnv) {
    const child = spawn(executable, args, {
      // A home without a configuration file of Temporal's, which could lead to another server.
      env: { PATH: process.env['PATH'], HOME: tmpdir(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 110_000,
    });
    this.#child = child;
    running.add(child);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => this.#lines.push(JSON.parse(line)));
    this.#ending = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode) => {
        running.delete(child);
        resolve({ exitCode, lines: this.#lines, stderr });
      });
    });
    const printed = new Promise<void>((resolve) => {
      lines.once('line', () => resolve());
    });
    this.#firstLine = Promise.race([printed, this.#ending]).then(() => this.#lines[0]);
  }

  /** What it prints first, while it goes on; `undefined` when it ends without a word. */
  async firstLine(): Promise<unknown> {
    return this.#firstLine;
  }

  async end(): Promise<Ending> {
    return this.#ending;
  }

  /** Ends it, in a way that lets it end its own children. */
  async stop(): Promise<void> {
    this.#child.kill();
    await this.#ending;
  }
}

/** Runs a step of a build to its end. @throws when it fails, with what it said. */
export async function build(folder: string, executable: string, ...args: readonly string[]): Promise<void> {
  await promisify(execFile)(executable, args, { cwd: folder, maxBuffer: 50_000_000 });
}
