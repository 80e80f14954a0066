/** Thrown when a variable or file that configures Temporal cannot be used as it is; says what to change. */
export class TemporalConfigError extends Error {
  override readonly name = 'TemporalConfigError';
}

/** One way of getting an executable, and why it did not work. */
export interface FailedRoute {
  readonly route: string;
  readonly reason: string;
}

/** Thrown when no route leads to an executable; lists every route tried, and what to do. */
export class TemporalNotFoundError extends Error {
  override readonly name = 'TemporalNotFoundError';

  constructor(
    /** What was looked for, such as "Temporal CLI". */
    what: string,
    readonly failedRoutes: readonly FailedRoute[],
    /** What a person can do about it: whole sentences. */
    advice: string,
  ) {
    const tried = failedRoutes.map(({ route, reason }) => `  - ${route}: ${reason}`);
    super([`No ${what} could be found or downloaded. Tried:`, ...tried, advice].join('\n'));
  }
}

/** Thrown when the development server does not come up; the end of its output is in the message. */
export class DevServerError extends Error {
  override readonly name = 'DevServerError';
}

/** The message of whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
