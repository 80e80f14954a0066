import { Command } from 'commander';
import { loadWorkerConfig } from '../../config.js';
import { environmentWith } from '../connect.js';
import { CliError } from '../errors.js';
import { EXIT } from '../exit-codes.js';
import { globalsOf } from '../global-options.js';
import { PROGRAM } from '../program-name.js';
import { safeLines } from '../sanitize.js';

const HELP = `
The same as npm run worker. Reads MARKETPLACE_PORTAL_URL, MARKETPLACE_CLIENT_ID and MARKETPLACE_CLIENT_SECRET
(or MARKETPLACE_CLIENT_SECRET_FILE); for several trading partners, MARKETPLACE_PARTNERS_FILE instead. Prints a line
with "worker ready"; SIGTERM and Ctrl-C let it finish what it has begun. Its log goes to standard error, as JSON lines.

Examples:
  $ MARKETPLACE_PORTAL_URL=https://customers.staging.gitlab.com \\
    MARKETPLACE_CLIENT_ID=… MARKETPLACE_CLIENT_SECRET_FILE=secret ${PROGRAM} worker`;

export function workerCommand(): Command {
  return new Command('worker')
    .description('run a worker until it is told to stop')
    .addHelpText('after', HELP)
    .action(async (_options: object, command: Command) => {
      const { output, temporal } = globalsOf(command);
      const config = loadWorkerConfig(environmentWith(temporal));
      // Loaded only here: no other command needs the worker's native module.
      const { runWorker, WorkerStartError } = await import('../../worker/index.js');
      try {
        await runWorker(config, (line) => output.lines([line]));
      } catch (error) {
        throw error instanceof WorkerStartError ? startError(error) : error;
      }
    });
}

/** A worker that cannot start says itself why, and what to do. */
function startError({ message, cause }: Error): CliError {
  const isUnreachable = cause instanceof Error && cause.name === 'TransportError';
  return new CliError({
    type: isUnreachable ? 'TemporalUnreachable' : 'WorkerStart',
    message: safeLines(message),
    exitCode: isUnreachable ? EXIT.unreachable : EXIT.usage,
  });
}
