import type { ChildProcess } from 'node:child_process';

/**
 * Ends the processes that this one started when this one ends: at its normal exit, and on the signals that
 * end it. Nothing can do so when this process is killed by SIGKILL; then its children stay.
 */
const guarded = new Set<ChildProcess>();

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Guards a child until it has ended. */
export function guard(child: ChildProcess): void {
  if (guarded.size === 0) install();
  guarded.add(child);
  child.once('exit', () => {
    guarded.delete(child);
    if (guarded.size === 0) uninstall();
  });
}

/** Sends a signal to a child and to all that it started. Does nothing when the child has ended. */
export function signalTree(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  if (process.platform === 'win32') {
    child.kill(signal);
    return;
  }
  try {
    // A guarded child leads a process group of its own.
    process.kill(-child.pid, signal);
  } catch {
    // It ended in between.
  }
}

function install(): void {
  process.on('exit', killAll);
  // In front, so as to count the other listeners before those made by `once` take themselves off.
  for (const signal of ENDING_SIGNALS) process.prependListener(signal, onEndingSignal);
}

function uninstall(): void {
  process.off('exit', killAll);
  for (const signal of ENDING_SIGNALS) process.off(signal, onEndingSignal);
}

function onEndingSignal(signal: NodeJS.Signals): void {
  // Somebody else handles this signal and decides when to end, such as after stopping a worker.
  if (process.listenerCount(signal) > 1) return;
  killAll();
  uninstall();
  // Our listener had taken the place of the default action, which is to end.
  process.kill(process.pid, signal);
}

function killAll(): void {
  for (const child of guarded) signalTree(child, 'SIGKILL');
}
