const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * From now on a signal that comes again changes nothing. Temporal's SDK listens for the first one only, and Node would
 * end the process at the next, in the middle of a POST: `npm run` passes Ctrl-C on to a worker that has had it already.
 *
 * @param onSignal hears of each.
 * @returns what makes signals as they were.
 */
export function endureSignals(onSignal: () => void): () => void {
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}
