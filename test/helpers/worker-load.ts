/** Does the same for all of them, at most `width` at once; the results are in their order. */
export async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Map<number, R>();
  const waiting = items.entries();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const [index, item] of waiting) results.set(index, await work(item));
    }),
  );
  return [...results].toSorted(([one], [other]) => one - other).map(([, result]) => result);
}

/** How many there are of each. */
export function countsOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
