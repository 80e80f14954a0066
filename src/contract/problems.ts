import type { z } from 'zod';

/** One thing that is wrong with an input. */
export interface Problem {
  /** Where, as a person would write it: `order.orderLines[0].quantity`. Empty for the input itself. */
  readonly path: string;
  /** What, never repeating the value. */
  readonly problem: string;
}

/** What a sender wrote can be of any length; a failure cannot. In characters. */
const LONGEST_PART = 200;

/** Every problem zod found, in the order it found them. */
export function problemsOf(error: z.ZodError): Problem[] {
  return error.issues.map(({ path, message }) => ({
    path: shortened(path.reduce<string>(below, '')),
    problem: shortened(message),
  }));
}

/** The path of a part of what is at `path`. */
function below(path: string, step: PropertyKey): string {
  if (typeof step === 'number') return `${path}[${step}]`;
  return path === '' ? String(step) : `${path}.${String(step)}`;
}

function shortened(text: string): string {
  return text.length > LONGEST_PART ? `${text.slice(0, LONGEST_PART)}…` : text;
}

/** Problems on one line: `order.customer: Invalid input; order.orderLines[0].quantity: must be at least 1`. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems.map(({ path, problem }) => (path === '' ? problem : `${path}: ${problem}`)).join('; ');
}
