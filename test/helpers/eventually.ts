import { setTimeout as pause } from 'node:timers/promises';

/** Looks until `look` finds something, a bounded number of times. */
export async function eventually<T>(
  look: () => Promise<T | undefined> | T | undefined,
  tries = 600,
): Promise<T> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(100);
  }
  throw new Error(`did not come to be in ${tries} looks: ${look.toString()}`);
}
