import { defineConfig } from 'vitest/config';

/** The Web UI, looked at with a real browser: `npm run ui-test`. Apart from `npm test`, for it needs Chromium. */
export default defineConfig({
  test: {
    include: ['test/ui/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    reporters: ['verbose'],
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
