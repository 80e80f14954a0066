import { CliError } from './errors.js';
import { EXIT } from './exit-codes.js';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Settles at the first signal to end. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      for (const signal of ENDING) process.off(signal, stop);
      resolve();
    };
    for (const signal of ENDING) process.on(signal, stop);
  });
}

/** Thrown into work that Ctrl-C interrupts. */
class Interrupted extends CliError {
  constructor(hint: string | undefined) {
    super({
      type: 'Interrupted',
      message: 'interrupted',
      ...(hint !== undefined && { hint }),
      exitCode: EXIT.interrupted,
    });
  }
}

/** npm hands a Ctrl-C on to a program that the terminal has told already: one press, two signals. */
const SAME_PRESS_MS = 500;

/** Told of the first signal to end; the second one ends the process at once. */
export class StopSignal {
  readonly #controller = new AbortController();
  #firstAt = 0;
  readonly #onSignal = (): void => {
    if (!this.signal.aborted) {
      this.#firstAt = Date.now();
      this.#controller.abort(new Interrupted(this.hint));
    } else if (Date.now() - this.#firstAt > SAME_PRESS_MS) {
      process.exit(EXIT.interrupted);
    }
  };

  /** @param hint what is said to whoever interrupts. */
  constructor(private readonly hint?: string) {
    for (const signal of ENDING) process.on(signal, this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Settles when the process is told to end. */
  async told(): Promise<void> {
    if (this.signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /**
   * What work comes to.
   *
   * @throws Interrupted when the process is told to end first; the work is left to itself.
   */
  async race<T>(work: Promise<T>): Promise<T> {
    const interrupted = this.told().then((): never => {
      throw new Interrupted(this.hint);
    });
    return await Promise.race([work, interrupted]);
  }

  dispose(): void {
    for (const signal of ENDING) process.off(signal, this.#onSignal);
  }
}
