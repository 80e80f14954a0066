import { problemsOf, purchaseInputSchema, type Problem, type PurchaseInput } from '../contract/index.js';
import { usageError } from './errors.js';
import { fileName, readJsonFile } from './json-file.js';
import { oneLine } from './sanitize.js';

/**
 * The purchase in a file: an order, or an object with `order` and `options`.
 *
 * @throws CliError naming the file and every problem.
 */
export async function readPurchaseFile(path: string): Promise<PurchaseInput> {
  const value = objectIn(await readJsonFile({ path, expected: EXPECTED }), path);
  const isWhole = 'order' in value && !('externalSubscriptionId' in value);
  const input = purchaseInputSchema.safeParse(isWhole ? value : { order: value });
  if (input.success) return input.data;
  const name = fileName(path);
  const problems = problemsOf(input.error).map((problem) => describe(problem, isWhole));
  throw usageError(
    [
      `${name}: ${problems.length === 1 ? 'the order has a mistake' : `the order has ${problems.length} mistakes`}:`,
    ]
      .concat(problems.slice(0, MOST_SHOWN).map((problem) => `  - ${problem}`))
      .concat(problems.length > MOST_SHOWN ? [`  … and ${problems.length - MOST_SHOWN} more`] : [])
      .join('\n'),
    'Nothing was sent.',
  );
}

const MOST_SHOWN = 20;

const EXPECTED =
  'An order is expected, such as examples/order.json, or an object with "order" and "options".';

function objectIn(value: unknown, path: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  const found = Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`;
  throw usageError(`${fileName(path)}: holds ${found}, not a JSON object`, EXPECTED);
}

/** A problem as the file's writer sees it: a plain order has no `order.` in front. */
function describe({ path, problem }: Problem, isWhole: boolean): string {
  const shown = isWhole ? path : path.replace(/^order\.?/, '');
  return oneLine(shown === '' ? problem : `${shown}: ${problem}`);
}
