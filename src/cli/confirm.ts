import { createInterface } from 'node:readline';
import type { Format, Sink } from './output.js';
import { StopSignal } from './signals.js';

/** Whether there is a person who can be asked. */
export function canAsk(format: Format): boolean {
  return format === 'text' && process.stdin.isTTY && process.stderr.isTTY;
}

/**
 * Asks a person a question on standard error. Only `y` and `yes` are a yes; the end of the input is a no.
 *
 * @throws Interrupted when the process is told to end instead.
 */
export async function isConfirmed(
  question: string,
  input: NodeJS.ReadableStream = process.stdin,
  stderr: Sink = process.stderr,
): Promise<boolean> {
  const stop = new StopSignal();
  // Without `terminal` it is the terminal itself that edits the line, and Ctrl-C stays a signal.
  const lines = createInterface({ input, terminal: false, signal: stop.signal });
  try {
    stderr.write(`${question} [y/N] `);
    const answer = await firstOf(lines);
    // Nobody ended the line.
    if (answer === undefined) stderr.write('\n');
    stop.signal.throwIfAborted();
    return /^y(es)?$/i.test(answer?.trim() ?? '');
  } finally {
    lines.close();
    stop.dispose();
  }
}

async function firstOf(lines: AsyncIterable<string>): Promise<string | undefined> {
  for await (const line of lines) return line;
  return undefined;
}
