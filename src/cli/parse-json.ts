import { usageError } from './errors.js';

/**
 * Parses JSON.
 *
 * @throws CliError with the name of the text and where it breaks. Node's own message would quote from it.
 */
export function parseJson(text: string, name: string): unknown {
  const failure = parseFailure(text);
  if (failure === undefined) return JSON.parse(text);
  throw usageError(`${name}: is not valid JSON: ${describeFailure(text, failure)}`);
}

/** Where JSON breaks, and what the parser says; `undefined` when it is whole. */
interface Failure {
  readonly message: string;
  /** Absent in some of Node's messages. */
  readonly position: number | undefined;
}

function parseFailure(text: string): Failure | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [, position] = / at position (\d+)/.exec(message) ?? [];
    return { message, position: position === undefined ? undefined : Number(position) };
  }
}

function describeFailure(text: string, failure: Failure): string {
  const position = failure.position ?? unexpectedAt(text);
  if (position >= text.trimEnd().length) return 'it ends too early';
  const before = text.slice(0, position).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

/**
 * Where the first unexpected character stands: every text that ends before it is only unfinished, so the
 * place is found by halving.
 */
function unexpectedAt(text: string): number {
  let unfinished = 0;
  let broken = text.length;
  while (unfinished + 1 < broken) {
    const middle = Math.floor((unfinished + broken) / 2);
    if (isUnfinished(text.slice(0, middle))) unfinished = middle;
    else broken = middle;
  }
  return isUnfinished(text) ? text.length : broken - 1;
}

function isUnfinished(text: string): boolean {
  const failure = parseFailure(text);
  if (failure === undefined) return true;
  return (
    /^Unexpected end of JSON input|^Unterminated string/.test(failure.message) ||
    (failure.position !== undefined && failure.position >= text.length)
  );
}
