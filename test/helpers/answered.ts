import { isUnanswered } from '../../src/client/failures.js';

/** What a worker answers; `undefined` where none does in time, such as one that is killed, frozen or too busy. */
export async function unlessUnanswered<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isUnanswered(error)) return undefined;
    throw error;
  }
}
