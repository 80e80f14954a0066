import type { PurchaseReport } from '../client/index.js';
import type { Format } from './output.js';
import { startProgress, type Progress } from './progress.js';
import { shortStatus } from './render-status.js';
import { hasEnded } from './standing.js';
import { cut } from './text.js';

/** How often the countdown is written anew, in milliseconds. */
const TICK_MS = 500;
/** What the spinner and the cursor take of a line. */
const MARGIN = 4;

/** The last line of a terminal: where a purchase stands now, counting down. Nothing anywhere else. */
export class LiveLine {
  #latest: PurchaseReport | undefined;
  readonly #timer: NodeJS.Timeout;

  private constructor(private readonly progress: Progress) {
    this.#timer = setInterval(() => this.#show(), TICK_MS);
    this.#timer.unref();
  }

  static async start(format: Format): Promise<LiveLine> {
    return new LiveLine(await startProgress('Asking the purchase', format));
  }

  /** Asks, and shows the answer from then on, also where it is no news. */
  async following(ask: () => Promise<PurchaseReport>): Promise<PurchaseReport> {
    this.#latest = await ask();
    this.#show();
    return this.#latest;
  }

  /** Clears the line, for others that stay; it comes again below them. */
  makeRoom(): void {
    this.progress.clear();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.progress.stop();
  }

  #show(): void {
    if (this.#latest === undefined || hasEnded(this.#latest)) return;
    const room = Math.max(10, (process.stderr.columns || 80) - MARGIN);
    this.progress.update(cut(shortStatus(this.#latest, Date.now()), room));
  }
}
