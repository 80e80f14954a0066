/** Thrown when a file with credentials is not fit for use. The message names every mistake, and no secret. */
export class CredentialsFileError extends Error {
  override readonly name = 'CredentialsFileError';

  constructor(readonly mistakes: readonly string[]) {
    super(mistakes.join('; '));
  }
}

/** What a file says that may be replaced at any time: while it cannot be used, what it said before. */
export class LastGood<T> {
  readonly #tell: (problem: string) => void;
  #good: { readonly value: T } | undefined;
  #problem: string | undefined;

  /** @param tell hears of a problem once, when it turns up. */
  constructor(tell: (problem: string) => void) {
    this.#tell = tell;
  }

  /**
   * What `read` gives now, or gave before.
   *
   * @throws CredentialsFileError of `read`, when it never gave anything.
   */
  read(read: () => T): T {
    try {
      this.#good = { value: read() };
      this.#problem = undefined;
    } catch (error) {
      if (!(error instanceof CredentialsFileError)) throw error;
      this.#notice(error.message);
      if (this.#good === undefined) throw error;
    }
    return this.#good.value;
  }

  /** Whether the last reading went wrong. */
  get isOld(): boolean {
    return this.#problem !== undefined;
  }

  #notice(problem: string): void {
    if (problem !== this.#problem) this.#tell(problem);
    this.#problem = problem;
  }
}
