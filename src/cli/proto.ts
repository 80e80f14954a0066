/** A moment as Temporal's API writes it. */
export interface ProtoTimestamp {
  /** A 64-bit integer: an object that writes itself as a decimal. */
  readonly seconds?: { toString(): string } | null;
  readonly nanos?: number | null;
}

/** The moment in milliseconds since the epoch; `undefined` where the API left it out, or says "never". */
export function millisecondsOf(timestamp: ProtoTimestamp | null | undefined): number | undefined {
  if (timestamp === undefined || timestamp === null) return undefined;
  const seconds = Number(timestamp.seconds?.toString() ?? 0);
  return seconds > 0 ? seconds * 1_000 + Math.floor((timestamp.nanos ?? 0) / 1_000_000) : undefined;
}

/** The same as ISO 8601. */
export function isoOf(timestamp: ProtoTimestamp | null | undefined): string | undefined {
  const at = millisecondsOf(timestamp);
  return at === undefined ? undefined : new Date(at).toISOString();
}
