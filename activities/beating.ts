import { heartbeat } from '@temporalio/activity';

/** Well below the time-outs in workflows/activities.ts, in milliseconds. */
const BEAT_MS = 5_000;

/** Gives signs of life during the work, so that a killed worker is missed soon and a cancellation is heard. */
export async function beating<T>(work: () => Promise<T>): Promise<T> {
  const beats = setInterval(() => heartbeat(), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beats);
  }
}
