import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/replay/record.ts'], pool: 'forks', testTimeout: 120_000, hookTimeout: 120_000 },
});
