import { safeJson } from './sanitize.js';
import { styleFor, type MaybeTerminal, type Style } from './style.js';

export const FORMATS = ['text', 'json', 'jsonl'] as const;

/** `text` for people, `json`: one document, `jsonl`: one line an item. */
export type Format = (typeof FORMATS)[number];

/** How text for people is to look. */
export interface Look {
  readonly style: Style;
  /** Characters in a line. */
  readonly width: number;
  /** The present, in milliseconds since the epoch. */
  readonly now: number;
}

/** Where output goes. */
export interface Sink extends MaybeTerminal {
  readonly columns?: number;
  write(text: string): unknown;
}

/** Lines of text are not wider than this, on a wide screen either, and where nobody knows the width. */
const WIDEST = 110;

/** Prints what a command found: in one format, to standard output. */
export class Output {
  constructor(
    readonly format: Format,
    private readonly stdout: Sink = process.stdout,
    private readonly stderr: Sink = process.stderr,
  ) {}

  /** Prints one thing. */
  item(value: object, text: (look: Look) => readonly string[]): void {
    if (this.format === 'text') this.lines(text(lookOf(this.stdout)));
    else this.lines([safeJson(value, this.format === 'json' ? 2 : undefined)]);
  }

  /** Prints many things; `jsonl` does not wait for the last one. */
  async items<Item>(
    items: AsyncIterable<Item>,
    text: (items: readonly Item[], look: Look) => readonly string[],
  ): Promise<void> {
    const all: Item[] = [];
    for await (const item of items) {
      if (this.format === 'jsonl') this.lines([safeJson(item)]);
      else all.push(item);
    }
    if (this.format === 'json') this.lines([safeJson(all, 2)]);
    if (this.format === 'text') this.lines(text(all, lookOf(this.stdout)));
  }

  /** Tells a person something that is no result: to standard error, and only as text. */
  note(text: (look: Look) => string): void {
    if (this.format === 'text') this.stderr.write(`${text(lookOf(this.stderr))}\n`);
  }

  /** Prints what comes before a result: only as text. */
  heading(text: (look: Look) => readonly string[]): void {
    if (this.format === 'text') this.lines(text(lookOf(this.stdout)));
  }

  /** Prints lines as they are. */
  lines(lines: readonly string[]): void {
    if (lines.length > 0) this.stdout.write(`${lines.join('\n')}\n`);
  }
}

/** How text looks best on a stream. */
export function lookOf(stream: Sink): Look {
  return {
    style: styleFor(stream),
    // A terminal that does not tell its width says 0.
    width: Math.min(stream.columns || WIDEST, WIDEST),
    now: Date.now(),
  };
}
