import { problemsOf, type Problem } from '../contract/index.js';
import type { Fault } from '../simulator/index.js';
import { usageError } from './errors.js';
import { fileName, readJsonFile } from './json-file.js';
import { parseJson } from './parse-json.js';
import { oneLine } from './sanitize.js';

/** Where faults are written. */
interface FaultSources {
  /** JSON on the command line. */
  readonly inline: readonly string[];
  readonly file?: string | undefined;
}

const EXPECTED =
  'A fault is expected, or a list of them, such as {"call":"place","then":{"do":"drop","when":"after"}}.';

/**
 * The faults on the command line, then those in a file.
 *
 * @throws CliError naming where they stand, which of them are wrong, and why.
 */
export async function readFaults({ inline, file }: FaultSources): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const text of inline) faults.push(...(await faultsIn(parseJson(text, INLINE), INLINE)));
  if (file === undefined) return faults;
  const value = await readJsonFile({ path: file, expected: EXPECTED });
  return [...faults, ...(await faultsIn(value, fileName(file)))];
}

const INLINE = 'the fault given';
const MOST_SHOWN = 20;

async function faultsIn(value: unknown, name: string): Promise<Fault[]> {
  const { faultSchema } = await import('../simulator/index.js');
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  const checked = items.map((item) => faultSchema.safeParse(item));
  const mistakes = checked.flatMap(({ error }, index) =>
    error === undefined
      ? []
      : problemsOf(error).map((problem) => described(problem, Array.isArray(value) ? index : undefined)),
  );
  if (mistakes.length === 0) return checked.flatMap(({ data }) => (data === undefined ? [] : [data]));
  const more = mistakes.length - MOST_SHOWN;
  throw usageError(
    [
      `${name}: ${mistakes.length === 1 ? 'there is a mistake' : `there are ${mistakes.length} mistakes`}:`,
      ...mistakes.slice(0, MOST_SHOWN).map((mistake) => `  - ${mistake}`),
      ...(more > 0 ? [`  … and ${more} more`] : []),
    ].join('\n'),
    EXPECTED,
  );
}

/** A mistake, in a list with the place of its fault. */
function described({ path, problem }: Problem, index: number | undefined): string {
  const place = index === undefined ? '' : `fault ${index + 1}: `;
  return oneLine(`${place}${path === '' ? '' : `${path}: `}${problem}`);
}
