import { isUnanswered } from '../../src/client/failures.js';

/**
 * What a worker answers; `undefined` where none does in time, such as one that is killed, frozen or too busy.
 *
 * @param isExcused which errors count as no answer.
 */
export async function unlessUnanswered<T>(
  ask: () => Promise<T>,
  isExcused: (error: unknown) => boolean = isUnanswered,
): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isExcused(error)) return undefined;
    throw error;
  }
}
