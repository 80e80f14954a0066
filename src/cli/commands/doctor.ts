import { Command } from 'commander';
import { examine } from '../doctor/examine.js';
import type { Finding } from '../doctor/finding.js';
import { findingLines, isUnhealthy } from '../doctor/render.js';
import { EXIT } from '../exit-codes.js';
import { globalsOf } from '../global-options.js';
import { PROGRAM } from '../program-name.js';
import { withProgress } from '../progress.js';

const HELP = `
Checks Temporal (server, namespace, search attributes, workers, backlog, clock), the portal (reachable, clock, a token
of each scope), the workers' calls to it (rate, circuit, pauses) and the codec keys, as far as they are configured here.
It changes nothing, orders nothing and shows no secret. To learn the server's time it polls the task queue
marketplace-doctor, on which there is never any work.
Exit code 0: nothing is bad; 8: something is.

Examples:
  $ ${PROGRAM} doctor
  $ ${PROGRAM} doctor --worker 10.0.0.5:8081 10.0.0.6:8081
  $ ${PROGRAM} doctor -o json | jq '.[] | select(.state == "bad")'`;

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('is everything set up and running, and what to do if not')
    .option('--worker <address...>', 'health servers of workers to ask (default: MARKETPLACE_HEALTH_ADDRESS)')
    .addHelpText('after', HELP)
    .action(async ({ worker }: { worker?: string[] }, command: Command) => {
      const { output, temporal } = globalsOf(command);
      const findings = await withProgress('Looking', output.format, () => examine(temporal, worker));
      await output.items(eachOf(findings), findingLines);
      if (isUnhealthy(findings)) process.exitCode = EXIT.unhealthy;
    });
}

async function* eachOf(findings: readonly Finding[]): AsyncGenerator<Finding> {
  yield* findings;
}
