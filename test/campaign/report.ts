import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Evidence } from './evidence.js';

/** What came of a run, and what is wrong with it. */
export interface Verdict {
  readonly evidence: Evidence;
  readonly violations: readonly string[];
}

const FOLDER = fileURLToPath(new URL('./failures/', import.meta.url));

/** What a person needs to understand a violation; the script is kept in a file, to be played again. */
export function describeFailure({ evidence, violations }: Verdict, from: string): string {
  const { script, ending, journal, answers } = evidence;
  mkdirSync(FOLDER, { recursive: true });
  const file = `${FOLDER}${new Date().toISOString().replaceAll(/[:.]/g, '-')}.json`;
  writeFileSync(file, `${JSON.stringify(script, undefined, 2)}\n`);
  const timeline = (ending.status?.timeline ?? []).map(
    ({ at, event, detail = '' }) => `  ${at} ${event} ${detail}`,
  );
  const calls = journal.map(
    ({ at, call, status, committed, fault }) =>
      `  ${new Date(at).toISOString()} ${call} ${status}${committed ? ' committed' : ''}${fault ? ` (${fault})` : ''}`,
  );
  return [
    'Violated:',
    ...violations.map((violation) => `  ${violation}`),
    `It ended ${ending.runStatus} ${ending.failureType ?? ''}. ${from}`,
    'Timeline:',
    ...timeline,
    'Calls at the portal:',
    ...calls,
    'Answers:',
    ...answers.map((answer) => `  ${JSON.stringify(answer)}`),
    `Script: ${JSON.stringify(script)}`,
    `Again: npm run campaign -- --script ${file}`,
  ].join('\n');
}
