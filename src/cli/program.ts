import { Command } from 'commander';
import { amendCommand } from './commands/amend.js';
import { cancelCommand } from './commands/cancel.js';
import { codecKeyCommand } from './commands/codec-key.js';
import { codecServerCommand } from './commands/codec-server.js';
import { completionCommand } from './commands/completion.js';
import { demoCommand } from './commands/demo.js';
import { doctorCommand } from './commands/doctor.js';
import { faultsCommand } from './commands/faults.js';
import { listCommand } from './commands/list.js';
import { openCommand } from './commands/open.js';
import { purchaseCommand } from './commands/purchase.js';
import { retryCommand } from './commands/retry.js';
import { showCommand } from './commands/show.js';
import { simulatorCommand } from './commands/simulator.js';
import { statusCommand } from './commands/status.js';
import { watchCommand } from './commands/watch.js';
import { workerCommand } from './commands/worker.js';
import { exitCodesHelp } from './exit-codes.js';
import { addGlobalOptions } from './global-options.js';
import { packageVersion } from './package-files.js';
import { PROGRAM } from './program-name.js';

const COMMANDS = [
  demoCommand,
  purchaseCommand,
  showCommand,
  statusCommand,
  watchCommand,
  listCommand,
  retryCommand,
  amendCommand,
  cancelCommand,
  openCommand,
  doctorCommand,
  workerCommand,
  simulatorCommand,
  faultsCommand,
  codecKeyCommand,
  codecServerCommand,
  completionCommand,
];

const DESCRIPTION = `Buys GitLab subscriptions through the Marketplace API, durably, on Temporal.

An ID is an externalSubscriptionId, or a whole workflow ID (purchase:PARTNER:ID).`;

const EXAMPLES = `
${exitCodesHelp()}

Examples:
  $ ${PROGRAM} demo                           everything at once, on this machine
  $ ${PROGRAM} purchase examples/order.json   buy, and get the subscription number
  $ ${PROGRAM} show EXT-1001                  where is it, why, what to do
  $ ${PROGRAM} list --phase ActionRequired    what waits for a person
  $ ${PROGRAM} doctor                         is everything set up and running`;

/** The whole command line. It never ends the process itself: it throws a CommanderError instead. */
export function createProgram(): Command {
  const program = addGlobalOptions(new Command(PROGRAM))
    .description(DESCRIPTION)
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .configureHelp({ showGlobalOptions: true })
    // The error is printed by whoever catches it: as text or as JSON.
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
    .addHelpText('after', EXAMPLES);
  for (const command of COMMANDS) program.addCommand(command());
  inherit(program);
  return program;
}

/** Commands that were made before they were added have nothing of what is set above. */
function inherit(parent: Command): void {
  for (const command of parent.commands) inherit(command.copyInheritedSettings(parent));
}
