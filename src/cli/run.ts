import { CommanderError } from 'commander';
import { reportOf } from './errors.js';
import { EXIT } from './exit-codes.js';
import { formatIn } from './global-options.js';
import { printError } from './print-error.js';
import { createProgram } from './program.js';

/** Runs a command line and says what it came to. Prints what goes wrong; throws nothing. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    // Called without a command: the help is on the screen.
    if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage;
    const report = reportOf(error);
    printError(report, formatIn(args));
    return report.exitCode;
  }
}
