import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { CliOutcome } from './temporal-cli.js';

/** The built command line. `npm test` builds it. */
const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/** Runs a `marketplace` command to its end, whatever it comes to, with this environment and no other. */
export function marketplace(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CliOutcome> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [MAIN, ...args],
      {
        // A home without a configuration file of Temporal's, which could lead to another server.
        env: { PATH: process.env['PATH'], HOME: tmpdir(), ...env },
        timeout: 60_000,
        killSignal: 'SIGKILL',
      },
      (_error, stdout, stderr) => resolve({ exitCode: child.exitCode, stdout, stderr }),
    );
    child.stdin?.end();
  });
}
