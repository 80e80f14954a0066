import { defineConfig } from 'vitest/config';

/** What is measured or flooded: `npm run load-test`. Apart from `npm test`, so that each has the machine for itself. */
export default defineConfig({
  test: {
    include: ['test/load/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
