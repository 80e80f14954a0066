import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { guard, signalTree } from './process-guard.js';

/** How much of a process's output is kept for messages, in characters. */
const OUTPUT_TAIL = 8_000;

/** A process that was started here and ends with this process at the latest. */
export interface RunningProcess {
  readonly pid: number;
  /** Settles when the process has ended and its output is read. Never rejects. */
  readonly ended: Promise<void>;
  isRunning(): boolean;
  /** The exit code, or `undefined` while it runs and when a signal ended it. */
  exitCode(): number | undefined;
  /** The last characters that it wrote to stdout and stderr. */
  output(): string;
  /** Sends a signal to the process and to all that it started, unless it has ended. */
  signal(signal: NodeJS.Signals): void;
}

/** What a process is started with. */
interface ProcessSettings {
  /** The environment to inherit; {@link withoutSettings settings and secrets} stay out of it. */
  readonly env: NodeJS.ProcessEnv;
  /** The folder it runs in. Default: this process's own. */
  readonly cwd?: string | undefined;
}

/**
 * Starts a process without a shell, in a process group of its own: a Ctrl-C in the terminal reaches this
 * process only, which can then end things in the right order.
 *
 * @throws the system's error when there is no such command, or it may not be run.
 */
export async function startProcess(
  command: string,
  args: readonly string[],
  { env, cwd }: ProcessSettings,
): Promise<RunningProcess> {
  const child = spawn(command, args, {
    env: withoutSettings(env),
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  const output = tailOf(child);
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  await once(child, 'spawn');
  guard(child);
  if (child.pid === undefined) throw new Error(`${command} was started, but has no process ID.`);
  return {
    pid: child.pid,
    ended,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    exitCode: () => child.exitCode ?? undefined,
    output,
    signal: (signal) => signalTree(child, signal),
  };
}

/**
 * No process that is started here needs the settings, and secrets, with which ours finds a Temporal server
 * and the portal; some of them run what others wrote.
 */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  // On Windows the case of a name does not matter.
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(TEMPORAL|MARKETPLACE)_/i.test(name)));
}

/**
 * Runs a process to its end.
 *
 * @param timeoutMs how long it may take, in milliseconds, before it is killed
 * @returns the end of its output
 * @throws Error with the end of its output when it fails or takes too long.
 */
export async function runProcess(
  command: string,
  args: readonly string[],
  { timeoutMs, ...settings }: ProcessSettings & { readonly timeoutMs: number },
): Promise<string> {
  const running = await startProcess(command, args, settings);
  if (!(await endsWithin(running, timeoutMs))) {
    running.signal('SIGKILL');
    await running.ended;
    throw new Error(`${command} took longer than ${timeoutMs / 1_000} s and was stopped.`);
  }
  if (running.exitCode() === 0) return running.output();
  throw new Error(running.output().trim() || `${command} failed with exit code ${running.exitCode()}.`);
}

/** Whether a process ends within a time, in milliseconds. */
export async function endsWithin(running: RunningProcess, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([running.ended.then(() => true), timeUp]);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads a child's output, so that it never blocks on a full pipe, and keeps the end of it. */
function tailOf(child: ChildProcess): () => string {
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-OUTPUT_TAIL);
    });
  }
  return () => tail;
}
