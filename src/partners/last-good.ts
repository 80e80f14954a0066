/** Thrown when a file with credentials is not fit for use. The message names every mistake, and no secret. */
export class CredentialsFileError extends Error {
  override readonly name = 'CredentialsFileError';

  constructor(readonly mistakes: readonly string[]) {
    super(mistakes.join('; '));
  }
}

/** What a file says that may be replaced at any time: while it cannot be used, what it said before. */
export class LastGood<T> {
  #good: { readonly value: T } | undefined;
  #isOld = false;

  /**
   * What `read` gives now, or gave before.
   *
   * @throws CredentialsFileError of `read`, when it never gave anything.
   */
  read(read: () => T): T {
    try {
      this.#good = { value: read() };
      this.#isOld = false;
    } catch (error) {
      if (!(error instanceof CredentialsFileError)) throw error;
      this.#isOld = true;
      if (this.#good === undefined) throw error;
    }
    return this.#good.value;
  }

  /** Whether the last reading went wrong. */
  get isOld(): boolean {
    return this.#isOld;
  }
}

/** What a reading fails with; `undefined` when it does not. */
export function problemOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof CredentialsFileError) return error.message;
    throw error;
  }
}
