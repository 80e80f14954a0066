import { DefaultLogger, type LogMetadata, type Logger } from '@temporalio/worker';
import { pino, type DestinationStream } from 'pino';
import { escapeUnseen } from './escape-unseen.js';

/**
 * Writes one JSON object a line, for the worker, the SDK's own Rust core and the workflows alike.
 *
 * @param destination where to; standard error by default, which leaves standard output to what is meant
 * for it (the `worker ready` line).
 */
export function createLogger(
  destination: DestinationStream = pino.destination({ dest: 2, sync: true }),
): Logger {
  const serializers = { error: describeError };
  // Anyone may start a run under an ID of any characters, and people read logs in terminals.
  const harmless = { write: (line: string) => destination.write(escapeUnseen(line)) };
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers }, harmless);
  return new DefaultLogger('INFO', ({ level, message, meta, timestampNanos: _own }) => {
    log[LEVELS[level]](fitForLog(meta), message);
  });
}

/**
 * The SDK calls a run's ID otherwise in an activity than in a workflow. It adds a token that only it can read, and
 * to what it fails to read the whole task: what was bought is in it.
 */
function fitForLog(meta: LogMetadata = {}): LogMetadata {
  const { workflowRunId, taskToken: _unreadable, task: _whole, taskEncoded: _same, ...rest } = meta;
  return workflowRunId === undefined ? rest : { runId: workflowRunId, ...rest };
}

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** What an operator reads of an error: its own fields too, which say more than a stack of ours. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return { ...Object.fromEntries(Object.entries(error)), name: error.name, message: error.message };
}
