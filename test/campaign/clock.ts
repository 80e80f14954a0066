import { setTimeout as pause } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';

/** How the clock moves while an activity goes on whose worker is gone: in pieces, so that others may act. */
const PIECE_MS = 5_000;

/** Long enough to tell a clock that is held from a slow machine, in milliseconds. */
const PROBE_MS = 4_000;

/**
 * The clock of the time-skipping server. It stands still, or rather goes as the real one does, while an
 * activity runs: each holds a lock on it. One hand at a time may move it.
 */
export class Clock {
  /**
   * Whether it failed to move, which cannot be mended: a run that ends while an activity of it goes on leaves that
   * activity's lock behind, and so does a workflow task that the server refused; or the server has lost count.
   */
  isHeld = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly env: TestWorkflowEnvironment) {}

  /** Before its server ends: who is late moves it no more. */
  stop(): void {
    this.isHeld = true;
  }

  now(): Promise<number> {
    return this.env.currentTimeMs();
  }

  /** Moves the clock, with all that happens meanwhile. */
  sleep(ms: number): Promise<void> {
    return this.#alone(() => this.#sleep(Math.max(1, Math.ceil(ms))));
  }

  /** Moves the clock within an activity, which the server has not given up yet: its lock is lifted meanwhile. */
  sleepWithin(ms: number): Promise<void> {
    return this.#alone(async () => {
      await this.#testService.unlockTimeSkipping({});
      try {
        await this.#sleep(ms);
      } finally {
        await this.#testService.lockTimeSkipping({});
      }
    });
  }

  /** Moves the clock within an activity that the server has given up, whenever nothing else is going on. */
  async sleepAfter(ms: number, isQuiet: () => boolean): Promise<void> {
    for (let left = ms; left > 0; left -= PIECE_MS) {
      while (!isQuiet()) await pause(1);
      await this.sleep(Math.min(left, PIECE_MS));
    }
  }

  get #testService() {
    const { testService } = this.env.connection;
    if (testService === undefined) throw new Error('this server does not skip time');
    return testService;
  }

  /** Each of these calls is over at once unless something holds the clock. */
  async #sleep(ms: number): Promise<void> {
    await this.env.connection.withDeadline(Date.now() + PROBE_MS, () => this.env.sleep(ms));
  }

  #alone(work: () => Promise<unknown>): Promise<void> {
    const mine = this.#last.then(() => {
      if (this.isHeld) throw new Error("the server's clock moves no more");
      return work().then(() => undefined);
    });
    this.#last = mine.catch(() => {
      this.isHeld = true;
    });
    return mine;
  }
}
