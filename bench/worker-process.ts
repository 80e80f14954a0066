import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { guard } from '../src/temporal/process-guard.js';

/** How much of a worker's log is kept for a message, in characters. */
const OUTPUT_TAIL = 4_000;

/** A worker in a process of its own, so that its work and its memory are its own too. */
export interface WorkerProcess {
  /** The memory that it holds now, in bytes (Linux only: it is read from `/proc`). */
  readonly residentBytes: () => Promise<number>;
  /**
   * Lets it finish what it has begun.
   *
   * @throws Error with the end of its output, unless it ends with 0.
   */
  readonly stop: () => Promise<void>;
}

/**
 * Starts a compiled worker and waits until it says that it is ready.
 *
 * @throws Error with the end of its output when it ends before.
 */
export async function startWorkerProcess(script: string, env: NodeJS.ProcessEnv): Promise<WorkerProcess> {
  // In a group of its own, so that Ctrl-C reaches only the one who measures.
  const child = spawn(process.execPath, [script], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  guard(child);
  let tail = '';
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const ready = new Promise<boolean>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        tail = (tail + text).slice(-OUTPUT_TAIL);
        if (/^worker ready/m.test(tail)) resolve(true);
      });
    }
    void ended.then(() => resolve(false));
  });
  if (!(await ready)) throw new Error(`the worker did not start:\n${tail}`);
  return {
    residentBytes: () => residentBytes(child.pid ?? 0),
    stop: async () => {
      child.kill('SIGTERM');
      const code = await ended;
      if (code !== 0) throw new Error(`the worker ended with ${code ?? 'a signal'}:\n${tail}`);
    },
  };
}

async function residentBytes(pid: number): Promise<number> {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1_024;
}
