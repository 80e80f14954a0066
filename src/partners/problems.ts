import { CredentialsFileError } from './last-good.js';

/** Hands on what is wrong with files to whoever listens by then. */
export class Problems {
  #listeners: ((problem: string) => void)[] = [];

  readonly tell = (problem: string): void => {
    for (const listener of this.#listeners) listener(problem);
  };

  readonly onProblem = (listener: (problem: string) => void): void => {
    this.#listeners.push(listener);
  };
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
