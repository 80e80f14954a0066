import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They need the machine for themselves, other languages, Chromium, or PostgreSQL: npm run load-test, examples,
    // ui-test, test:stack.
    exclude: ['test/load/**', 'test/examples/**', 'test/ui/**', 'test/stack/**'],
    pool: 'forks',
    // On two cores: each test has its server beside it, and more of them only make each other late.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
