import { lookOf, type Format, type Look, type Sink } from '../output.js';
import { canMove, startProgress, type Progress } from '../progress.js';
import { oneLine } from '../sanitize.js';
import { beside } from '../text.js';

type Tone = 'good' | 'bad' | 'open';

const MARKS = { good: '✔', bad: '✖', open: '•' } as const;

/** Shows a demonstration step by step, each with the time it came at: live on a terminal, else plain lines. */
export class DemoScreen {
  readonly #sink: Sink;
  readonly #beganAt = Date.now();
  #progress: Progress | undefined;

  private constructor(
    format: Format,
    private readonly isLive: boolean,
  ) {
    this.#sink = format === 'text' ? process.stdout : process.stderr;
  }

  /** With JSON as output, the steps go to standard error. */
  static async open(format: Format): Promise<DemoScreen> {
    const isLive = canMove(format) && process.stdout.isTTY;
    const screen = new DemoScreen(format, isLive);
    if (isLive) screen.#progress = await startProgress('Starting', format);
    return screen;
  }

  get look(): Look {
    return lookOf(this.#sink);
  }

  /** How long it has taken so far: `3.4s`. */
  elapsed(): string {
    return `${((Date.now() - this.#beganAt) / 1_000).toFixed(1)}s`;
  }

  /** Something is done. */
  step(label: string, detail: string, tone: Tone = 'good'): void {
    const { style, width } = this.look;
    const paint = { good: style.green, bad: style.red, open: style.yellow }[tone];
    const mark = MARKS[tone];
    const time = this.elapsed().padStart(6);
    const name = label.padEnd(20);
    const painted = `  ${paint(mark)} ${style.dim(time)}  ${name}`;
    this.lines(beside(`  ${mark} ${time}  ${name}`, oneLine(detail), width, painted));
  }

  /** Something takes a while. Where nothing moves on the screen, it is a line of its own, if `isNews`. */
  waiting(text: string, { isNews = false } = {}): void {
    if (this.isLive) this.#progress?.update(oneLine(text));
    else if (isNews) this.step('…', text, 'open');
  }

  /** Lines as they are, above what moves. */
  lines(lines: readonly string[]): void {
    this.#progress?.clear();
    this.#sink.write(`${lines.join('\n')}\n`);
  }

  /** Nothing moves any more. */
  still(): void {
    this.#progress?.stop();
    this.#progress = undefined;
  }
}
