import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Mostly waits, for minutes: begun last, it would hold up the end. */
const LONGEST = 'thousand-purchases.test.ts';

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLongest = ({ moduleId }: TestSpecification) => Number(moduleId.endsWith(LONGEST));
    // oxlint-disable-next-line unicorn/no-array-sort -- it is no array's
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => isLongest(b) - isLongest(a));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They need the machine for themselves, other languages, Chromium, or PostgreSQL: npm run load-test, examples,
    // ui-test, test:stack.
    exclude: ['test/load/**', 'test/examples/**', 'test/ui/**', 'test/stack/**'],
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    // On two cores: each test has its server beside it, and more of them only make each other late.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
