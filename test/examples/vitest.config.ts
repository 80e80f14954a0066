import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The examples in other languages: `npm run examples`. Apart from `npm test`, for they need those languages. */
export default defineConfig({
  test: {
    include: ['test/examples/**/*.test.ts'],
    globalSetup: fileURLToPath(new URL('./workshop.ts', import.meta.url)),
    pool: 'forks',
    maxWorkers: 1,
    reporters: ['verbose'],
    testTimeout: 120_000,
    // A first build fetches what it is made of.
    hookTimeout: 900_000,
  },
});
