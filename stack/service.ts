import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { reasonOf } from '../src/temporal/errors.js';
import { guard, signalTree } from '../src/temporal/process-guard.js';
import { StackError } from './errors.js';
import type { User } from './user.js';

/** What a process of the stack is started with. */
export interface Launch {
  /** What it is called in messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** All of its environment besides PATH, and a HOME without anybody's settings. */
  readonly env?: NodeJS.ProcessEnv;
  /** Where its output goes, behind what is there. */
  readonly logFile: string;
  /** Who runs it. @default who runs this */
  readonly user?: User | undefined;
}

const POLL_INTERVAL_MS = 100;
const LOG_TAIL = 3_000;

/**
 * A process of the stack, which can be ended and started again. It leads a process group of its own, and ends with
 * this process at the latest.
 */
export class Service {
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #logStart = 0;

  constructor(private readonly launch: Launch) {}

  get name(): string {
    return this.launch.name;
  }

  get pid(): number | undefined {
    return this.isRunning() ? this.#child?.pid : undefined;
  }

  isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The end of what it wrote since it was last started. */
  log(): string {
    return readFileSync(this.launch.logFile).subarray(this.#logStart).toString();
  }

  /** @throws StackError when it cannot be run. */
  async start(): Promise<void> {
    const { command, args, env, logFile, user } = this.launch;
    const log = openSync(logFile, 'a', 0o600);
    this.#logStart = statSync(logFile).size;
    try {
      const child = spawn(command, args, {
        env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env },
        cwd: '/',
        stdio: ['ignore', log, log],
        detached: true,
        ...user,
      });
      this.#child = child;
      this.#ended = new Promise((resolve) => {
        child.once('exit', () => resolve());
      });
      await once(child, 'spawn');
      guard(child);
    } catch (error) {
      this.#child = undefined;
      throw new StackError(`${this.name} could not be run: ${reasonOf(error)}`, { cause: error });
    } finally {
      closeSync(log);
    }
  }

  /**
   * Waits until it serves.
   *
   * @param isServing may throw as long as it does not.
   * @throws StackError with the end of its log when it ends before, or takes longer.
   */
  async until(isServing: () => Promise<boolean> | boolean, timeoutMs = 60_000): Promise<void> {
    const giveUpAt = Date.now() + timeoutMs;
    let problem = '';
    while (this.isRunning() && Date.now() < giveUpAt) {
      try {
        if (await isServing()) return;
      } catch (error) {
        problem = ` (${reasonOf(error)})`;
      }
      await Promise.race([delay(POLL_INTERVAL_MS), this.#ended]);
    }
    const what = this.isRunning()
      ? `does not serve after ${timeoutMs / 1_000} s${problem}`
      : 'ended at its start';
    throw new StackError(`${this.name} ${what}. The end of its log:\n${this.log().slice(-LOG_TAIL)}`);
  }

  /** Asks it to end, and kills it when it does not within the grace. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', graceMs = 15_000): Promise<void> {
    this.signal(signal);
    await Promise.race([this.#ended, delay(graceMs, undefined, { ref: false })]);
    await this.kill();
  }

  /** Kills it, as a lost machine would be. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#ended;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#child !== undefined) signalTree(this.#child, signal);
  }

  /**
   * Runs it to its end.
   *
   * @throws StackError with the end of its output when it fails or takes too long.
   */
  static async run(launch: Launch, timeoutMs = 120_000): Promise<void> {
    const service = new Service(launch);
    await service.start();
    await Promise.race([service.#ended, delay(timeoutMs, undefined, { ref: false })]);
    const isLate = service.isRunning();
    await service.kill();
    if (service.#child?.exitCode === 0) return;
    const what = isLate ? `took longer than ${timeoutMs / 1_000} s` : 'failed';
    throw new StackError(`${service.name} ${what}:\n${service.log().slice(-LOG_TAIL)}`);
  }
}
