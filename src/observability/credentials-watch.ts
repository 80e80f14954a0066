import type { Logger } from '@temporalio/worker';

/** Knows whether the files with credentials can be used as they are now. */
export class CredentialsWatch {
  readonly #problemNow: () => string | undefined;
  readonly #logger: Logger;
  #problem: string | undefined;

  /** @param problemNow what is wrong with them, in words without a secret; `undefined` when nothing is. */
  constructor(problemNow: () => string | undefined, logger: Logger) {
    this.#problemNow = problemNow;
    this.#logger = logger;
  }

  get areReadable(): boolean {
    return this.#problem === undefined;
  }

  /** Looks at them, and logs what has changed. */
  look(): void {
    const problem = this.#problemNow();
    if (problem === this.#problem) return;
    this.#problem = problem;
    if (problem === undefined) this.#logger.info('Credentials can be read again');
    else this.#logger.warn('Credentials cannot be read: what was read before is used', { problem });
  }
}
