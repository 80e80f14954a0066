import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { GO_TOOLS, goTool } from '../../stack/go-tools.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder that all stacks of a run are in; what tests measure is written down there. */
    run: string;
  }
}

/** Where the tests write down what they measured, a line each. */
export const NOTES = 'notes.txt';

/** Builds what is lacking, before any test's time runs; at the end says what was measured, and leaves nothing. */
export default async function openRun(project: TestProject): Promise<() => Promise<void>> {
  for (const tool of Object.values(GO_TOOLS)) await goTool(tool, (line) => console.log(line));
  const folder = await mkdtemp(join(tmpdir(), 'marketplace-stack-'));
  writeFileSync(join(folder, NOTES), '');
  // A Ctrl-C leaves no time for what is returned.
  process.once('exit', () =>
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }),
  );
  project.provide('run', folder);
  return async () => {
    console.log(`\nMeasured:\n${readFileSync(join(folder, NOTES), 'utf8')}`);
    await rm(folder, { recursive: true, force: true });
  };
}
