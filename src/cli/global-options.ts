import { Option, type Command } from 'commander';
import { z } from 'zod';
import type { TemporalFlags } from './connect.js';
import { FORMATS, Output, type Format } from './output.js';

const globalsSchema = z.object({
  output: z.enum(FORMATS),
  address: z.string().optional(),
  namespace: z.string().optional(),
  taskQueue: z.string().optional(),
});

/** What every command is told. */
export interface Globals {
  readonly output: Output;
  readonly temporal: TemporalFlags;
}

/** The options that every command takes, before or after its name. */
export function addGlobalOptions(program: Command): Command {
  return program
    .addOption(
      new Option('-o, --output <format>', 'how to print: for people, one JSON document, or JSON lines')
        .choices(FORMATS)
        .default('text'),
    )
    .option(
      '--address <host:port>',
      'the Temporal server (default: TEMPORAL_ADDRESS, a profile, localhost:7233)',
    )
    .option('--namespace <name>', 'the namespace (default: TEMPORAL_NAMESPACE, a profile, default)')
    .option(
      '--task-queue <name>',
      "the workers' task queue (default: MARKETPLACE_TASK_QUEUE, marketplace-purchases)",
    );
}

/** The global options a command was called with. */
export function globalsOf(command: Command): Globals {
  const { output, ...temporal } = globalsSchema.parse(command.optsWithGlobals());
  return { output: new Output(output), temporal };
}

/** The format asked for, also when the rest of the line makes no sense. */
export function formatIn(args: readonly string[]): Format {
  const flag = args.findLastIndex((arg) => /^(-o|--output)(=|$)/.test(arg));
  const asked = args[flag]?.split('=')[1] ?? args[flag + 1];
  return (flag >= 0 && FORMATS.find((format) => format === asked)) || 'text';
}
