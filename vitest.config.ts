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
    // They need other languages, or Chromium: npm run examples, npm run ui-test.
    exclude: ['test/examples/**', 'test/ui/**'],
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    // Two cores: more files at once only make the servers they start slower.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
