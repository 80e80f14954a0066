import { Command, Option } from 'commander';
import type { Fault, SimulatorOptions } from '../../simulator/index.js';
import { durationMs, wholeNumber } from '../arguments.js';
import { usageError } from '../errors.js';
import { globalsOf } from '../global-options.js';
import { PROGRAM } from '../program-name.js';
import { readFaults } from '../read-faults.js';
import { safeLines } from '../sanitize.js';
import { untilStopped } from '../signals.js';
import { simulatorReportCommand } from './simulator-report.js';

const HELP = `
It listens on 127.0.0.1 only, forgets everything when it ends, and takes the credentials it prints. Product IDs
with another end than a license: refuse-me, never-provisions, fails. A fault is what happens to a call, such as
an answer that is lost: docs/run.md lists them. A file of faults holds one, or a list; - reads standard input.
While it runs, "${PROGRAM} faults" steers it, and "${PROGRAM} simulator report" tells what it was asked.

Examples:
  $ ${PROGRAM} simulator --port 8080
  $ ${PROGRAM} simulator --created 10m --permit 0012300000AbCdE
  $ ${PROGRAM} simulator --fault '{"call":"place","then":{"do":"drop","when":"after"}}'
  $ ${PROGRAM} simulator --faults faults.json
  $ ${PROGRAM} simulator report --url http://127.0.0.1:8080`;

interface SimulatorFlags {
  readonly port: number;
  readonly creating: number;
  readonly created: number;
  readonly tokenLifetime: number;
  readonly secondPost: '409' | '422' | 'duplicate';
  readonly permit?: readonly string[];
  readonly fault: readonly string[];
  readonly faults?: string;
}

export function simulatorCommand(): Command {
  return new Command('simulator')
    .description("run a stand-in of GitLab's portal, for trying things out")
    .addOption(
      new Option('--port <number>', 'the port; 0 for any').argParser(wholeNumber(0, 65_535)).default(0),
    )
    .addOption(
      new Option('--creating <duration>', 'how long an order is Creating')
        .argParser(durationMs)
        .default(2_000, '2s'),
    )
    .addOption(
      new Option('--created <duration>', 'then, how long it is Created')
        .argParser(durationMs)
        .default(3_000, '3s'),
    )
    .addOption(
      new Option('--token-lifetime <duration>', 'how long a token is good')
        .argParser(durationMs)
        .default(7_200_000, '2h'),
    )
    .addOption(
      new Option('--second-post <answer>', 'what a second POST of an ID does')
        .choices(['409', '422', 'duplicate'])
        .default('422'),
    )
    .option('--permit <partners...>', 'the trading partners it permits (default: all)')
    .addOption(
      new Option('--fault <json>', 'something that goes wrong; may be given again')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--faults <file>', 'more of them, after those: one or a list, as JSON; - for standard input')
    .addHelpText('after', HELP)
    .addCommand(simulatorReportCommand())
    .action(simulate);
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

async function simulate(flags: SimulatorFlags, command: Command): Promise<void> {
  const { output } = globalsOf(command);
  const faults = await readFaults({ inline: flags.fault, file: flags.faults });
  const { DEMO_CLIENT, startSimulator } = await import('../../simulator/index.js');
  const simulator = await startSimulator(optionsFor(flags, faults)).catch((error: unknown) => {
    throw portError(error, flags.port);
  });
  const stopped = untilStopped();
  const env = {
    MARKETPLACE_PORTAL_URL: simulator.url,
    MARKETPLACE_CLIENT_ID: DEMO_CLIENT.clientId,
    MARKETPLACE_CLIENT_SECRET: DEMO_CLIENT.clientSecret,
  };
  output.item({ url: simulator.url, port: simulator.port, env }, (look) => [
    `${look.style.green('Portal simulator ready')}: ${simulator.url}`,
    '',
    'Point a worker at it:',
    ...Object.entries(env).map(([name, value]) => `  export ${name}=${value}`),
    '',
    look.style.dim(`What it was asked: ${PROGRAM} simulator report --url ${simulator.url}. Ctrl-C ends it.`),
  ]);
  await stopped;
  await simulator.close();
}

function optionsFor(flags: SimulatorFlags, faults: readonly Fault[]): SimulatorOptions {
  return {
    port: flags.port,
    progress: { creatingMs: flags.creating, createdMs: flags.created },
    tokenLifetimeSeconds: flags.tokenLifetime / 1_000,
    secondPost: flags.secondPost,
    faults,
    ...(flags.permit && { permittedTradingPartners: flags.permit }),
  };
}

function portError(error: unknown, port: number): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'EADDRINUSE')
    return usageError(`port ${port} is taken`, 'Name another with --port, or 0 for any.');
  if (error.code === 'EACCES')
    return usageError(`port ${port} may not be used by this user`, 'Name one above 1023.');
  return usageError(safeLines(error.message));
}
