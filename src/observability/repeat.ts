/** Something that goes on until it is stopped. */
export interface Repetition {
  /** Settles when what is under way is done; nothing begins after that. */
  stop(): Promise<void>;
}

/**
 * Does something now and again and again, with a pause after each; it does not keep the process alive.
 *
 * @param task must not reject.
 */
export function repeat(pauseMs: number, task: () => Promise<void>): Repetition {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let current = turn();

  async function turn(): Promise<void> {
    await task();
    if (isStopped) return;
    timer = setTimeout(() => {
      current = turn();
    }, pauseMs);
    timer.unref();
  }

  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await current;
    },
  };
}
