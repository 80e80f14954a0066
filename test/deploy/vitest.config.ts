import { defineConfig } from 'vitest/config';

/** What others' tools say of the files for deployment: `npm run deploy-check`. It needs Go and pip, and their registries. */
export default defineConfig({
  test: {
    include: ['test/deploy/**/*.check.ts'],
    pool: 'forks',
    maxWorkers: 1,
    reporters: ['verbose'],
    // The first time, a tool is fetched and built.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
