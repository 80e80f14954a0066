import type { z } from 'zod';

/** One thing that is wrong with an input. */
export interface Problem {
  /** Where, as a person would write it: `order.orderLines[0].quantity`. Empty for the input itself. */
  readonly path: string;
  /** What, never repeating the value. */
  readonly problem: string;
}

/** Every problem zod found, in the order it found them. */
export function problemsOf(error: z.ZodError): Problem[] {
  return error.issues.map((issue) => ({
    path: issue.path.reduce<string>(
      (path, step) =>
        typeof step === 'number'
          ? `${path}[${step}]`
          : path === ''
            ? String(step)
            : `${path}.${String(step)}`,
      '',
    ),
    problem: issue.message,
  }));
}

/** Problems on one line: `order.customer: Invalid input; order.orderLines[0].quantity: must be at least 1`. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems.map(({ path, problem }) => (path === '' ? problem : `${path}: ${problem}`)).join('; ');
}
