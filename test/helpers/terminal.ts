import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MAIN } from './cli-stage.js';

const HELPER = fileURLToPath(new URL('./terminal.py', import.meta.url));
export const COLUMNS = 80;

/** Whether this machine can make a pseudo-terminal. In CI it must: there, tests that need one fail instead of being left out. */
export const CAN_HAVE_TERMINAL =
  process.env['CI'] !== undefined ||
  spawnSync('python3', ['-c', 'import fcntl, pty, termios'], { stdio: 'ignore' }).status === 0;

if (!CAN_HAVE_TERMINAL) console.warn('No python3 with "pty" here: the tests in a terminal are left out.');

/** What a person saw. */
export interface Seen {
  readonly code: number | null;
  /** All that was written, escape sequences included. */
  readonly raw: string;
  /** What stayed on the screen, its colours as marks: `«red»error:«»`. */
  readonly screen: string;
}

/** Runs the command line in a pseudo-terminal of 80 columns, with colours. */
export async function inTerminal(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  onOutput: (raw: string) => void = () => undefined,
): Promise<Seen> {
  const child = spawn('python3', [HELPER, String(COLUMNS), '50', process.execPath, MAIN, ...args], {
    env: { ...env, TERM: 'xterm-256color', COLORTERM: '' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let raw = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    raw += text;
    onOutput(raw);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, raw, screen: screenOf(raw) };
}

const ESCAPE = '\u001b';
const MARKS: Readonly<Record<string, string>> = {
  1: '«bold»',
  2: '«dim»',
  22: '«»',
  31: '«red»',
  32: '«green»',
  33: '«yellow»',
  36: '«cyan»',
  39: '«»',
};

/** What stays when lines that were cleared are gone: enough of a terminal for what this program writes. */
function screenOf(raw: string): string {
  return raw
    .replaceAll(new RegExp(`${ESCAPE}\\[\\?\\d+[hl]`, 'g'), '')
    .split('\n')
    .map((line) => line.slice(Math.max(0, ...[...line.matchAll(CLEARED)].map(endOf))))
    .map((line) => line.replaceAll('\r', '').replaceAll(COLOUR, (_all, code: string) => MARKS[code] ?? '«?»'))
    .map((line) => line.replaceAll(new RegExp(`${ESCAPE}\\[1G`, 'g'), '').trimEnd())
    .join('\n')
    .trimEnd();
}

/** The line was cleared here, from its beginning. */
const CLEARED = new RegExp(`${ESCAPE}\\[1G${ESCAPE}\\[[02]?K|${ESCAPE}\\[2K`, 'g');
const COLOUR = new RegExp(`${ESCAPE}\\[(\\d+)m`, 'g');

function endOf(match: RegExpExecArray): number {
  return match.index + match[0].length;
}

/** A line as wide as it is seen. */
export function withoutMarks(line: string): string {
  return line.replaceAll(/«\w*»/g, '');
}

/**
 * A screen with all that differs from run to run in words: times, IDs, ports, builds. Wrapped lines are joined: where
 * they break depends on those.
 */
export function normalised(screen: string): string {
  return (
    screen
      .replaceAll(/\n {14,}(?=\S)/g, ' ')
      // It may be cut at the end of the line.
      .replaceAll(/good for \d.*/g, 'good for <duration>')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '<time>')
      .replaceAll(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, '<run>')
      .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
      .replaceAll(/\d+@[\w.-]+(?:#[\da-f]+)?/g, '<worker>')
      .replaceAll(/\b\d+(?:ms|[dhms])(?: \d+[hms])?\b/g, '<duration>')
      .replaceAll(/\bnow (?=\(<time>\))/g, '<duration> ago ')
      .replaceAll(/asked for work now/g, 'asked for work <duration> ago')
      .replaceAll(/asked (?:once|\d+ times)/g, 'asked <n> times')
      .replaceAll(/\d+ events/g, '<n> events')
      .replaceAll(/version \d+\.\d+\.\d+\S*/g, 'version <version>')
      .replaceAll(/all run .*/g, 'all run <build>')
  );
}
