import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder that examples are built into, one for all test files of a run. */
    workshop: string;
  }
}

export default async function openWorkshop(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'marketplace-examples-'));
  project.provide('workshop', folder);
  return () => rm(folder, { recursive: true, force: true });
}
