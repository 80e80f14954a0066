import type { Format } from './output.js';

/** A sign of life while something takes its time. */
export interface Progress {
  update(text: string): void;
  /** Makes room for a line; what moves is shown again below it. */
  clear(): void;
  stop(): void;
}

const NONE: Progress = { update: () => undefined, clear: () => undefined, stop: () => undefined };

/** Whether something may move on the screen: for a person, at a terminal. */
export function canMove(format: Format): boolean {
  // Some terminals do not tell their width, and ora would clear lines for ever.
  return format === 'text' && process.stderr.isTTY && process.stderr.columns > 0;
}

/** A spinner on standard error for a person at a terminal, and nothing for anybody else. */
export async function startProgress(text: string, format: Format): Promise<Progress> {
  if (!canMove(format)) return NONE;
  const { default: ora } = await import('ora');
  // Hiding the cursor and discarding input take hold of signals, which others must handle here.
  const spinner = ora({ text, stream: process.stderr, hideCursor: false, discardStdin: false }).start();
  return {
    update: (next) => {
      spinner.text = next;
    },
    clear: () => {
      spinner.clear();
    },
    stop: () => {
      spinner.stop();
    },
  };
}

/** Shows progress while work is done. */
export async function withProgress<T>(
  text: string,
  format: Format,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  const progress = await startProgress(text, format);
  try {
    return await work(progress);
  } finally {
    progress.stop();
  }
}
