import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** A production as plain processes: `npm run test:stack`. Apart from `npm test`, for it needs PostgreSQL and Go. */
export default defineConfig({
  test: {
    include: ['test/stack/**/*.test.ts'],
    globalSetup: fileURLToPath(new URL('./run.ts', import.meta.url)),
    pool: 'forks',
    maxWorkers: 1,
    reporters: ['verbose'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
  },
});
