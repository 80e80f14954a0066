import { Command } from 'commander';
import { taskQueueIn } from '../../config.js';
import { usageError } from '../errors.js';
import { EXIT } from '../exit-codes.js';
import { globalsOf } from '../global-options.js';
import { PROGRAM } from '../program-name.js';

const HELP = `
Starts a Temporal server with its Web UI, a stand-in of GitLab's portal and a worker, all on this machine, and
buys one subscription. Gets the Temporal CLI if it is not there. In a terminal it stays up until Ctrl-C.
Product IDs with another end than a license: refuse-me, never-provisions, fails.

Examples:
  $ ${PROGRAM} demo
  $ ${PROGRAM} demo --once
  $ sed s/2c92a0ff/refuse-me/ examples/order.json > refused.json && ${PROGRAM} demo --order refused.json`;

export function demoCommand(): Command {
  return new Command('demo')
    .description('see a purchase from beginning to end, on this machine')
    .option('--once', 'end after the purchase, also in a terminal')
    .option('--order <file>', 'buy this order instead of the example')
    .addHelpText('after', HELP)
    .action(async (flags: { once?: boolean; order?: string }, command: Command) => {
      const { output, temporal } = globalsOf(command);
      if (temporal.address !== undefined || temporal.namespace !== undefined) {
        throw usageError('demo starts a Temporal server of its own: leave --address and --namespace out');
      }
      // Loaded only here: no other command needs all of it.
      const { runDemo } = await import('../demo/run-demo.js');
      const end = await runDemo({
        output,
        taskQueue: temporal.taskQueue ?? taskQueueIn(),
        orderFile: flags.order,
        once: flags.once === true || !process.stdin.isTTY || !process.stdout.isTTY,
      });
      if (end !== undefined && end.runStatus !== 'COMPLETED') process.exitCode = EXIT.failed;
    });
}
