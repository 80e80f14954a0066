import { isGrpcServiceError } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { CommanderError } from 'commander';
import {
  BatchStoppedError,
  NoWorkerError,
  PurchaseCancelledError,
  PurchaseError,
  PurchaseFailedError,
  PurchaseEndedError,
  PurchaseNotFoundError,
  PurchasePendingError,
  PurchaseStoppedError,
  type FailureType,
  type PurchasePhase,
} from '../client/index.js';
import { PayloadCodecError } from '../codec/index.js';
import { ConfigError } from '../config.js';
import { DevServerError, TemporalConfigError, TemporalNotFoundError } from '../temporal/index.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { LIST_HINT, quotedCommandFor, STOPPED_HINT, withCommands, WORKER_HINT } from './hints.js';
import { PROGRAM } from './program-name.js';
import { oneLine, safeLines } from './sanitize.js';

/** What is said about an error, as text or as JSON. */
export interface ErrorReport {
  /** What kind of error: a failure type of the contract where there is one. */
  readonly type: string;
  /** What is wrong; several lines at most where each is one mistake. */
  readonly message: string;
  /** What to do. */
  readonly hint?: string;
  readonly exitCode: ExitCode;
  readonly workflowId?: string;
  readonly phase?: string;
  readonly subscriptionNumber?: string;
  /** For an unexpected error: where it came from. */
  readonly stack?: string;
}

/** An error that a command foresaw, with all that is to be said about it. */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(readonly report: ErrorReport) {
    super(report.message);
  }
}

/** Wrong usage or input: nothing was sent. */
export function usageError(message: string, hint?: string): CliError {
  return new CliError({ type: 'Usage', message, ...(hint !== undefined && { hint }), exitCode: EXIT.usage });
}

/** What is to be said about anything that was thrown. */
export function reportOf(error: unknown): ErrorReport {
  if (error instanceof CliError) return error.report;
  if (error instanceof CommanderError) return usageReport(error);
  if (error instanceof PurchaseError) return purchaseReport(error);
  return temporalReport(error) ?? configReport(error) ?? unexpectedReport(error);
}

function usageReport(error: CommanderError): ErrorReport {
  return {
    type: 'Usage',
    message: safeLines(error.message.replace(/^error: /, '')),
    hint: `Every command explains itself: \`${PROGRAM} <command> --help\``,
    exitCode: EXIT.usage,
  };
}

function purchaseReport(error: PurchaseError): ErrorReport {
  const known = {
    type: error.name.replace(/^Purchase|Error$/g, ''),
    message: withCommands(error.message, error.workflowId),
    ...(error.workflowId !== undefined && { workflowId: error.workflowId }),
  };
  if (error instanceof PurchaseFailedError) return { ...known, ...failedFacts(error) };
  if (error instanceof PurchasePendingError) return { ...known, ...pendingFacts(error) };
  if (error instanceof PurchaseNotFoundError) return { ...known, hint: LIST_HINT, exitCode: EXIT.notFound };
  if (error instanceof PurchaseEndedError) return { ...known, exitCode: EXIT.notFound };
  if (error instanceof NoWorkerError) return { ...known, hint: WORKER_HINT, exitCode: EXIT.pending };
  if (error instanceof BatchStoppedError) return { ...known, hint: BATCH_HINT, exitCode: EXIT.unreachable };
  if (error instanceof PurchaseCancelledError) {
    const { subscriptionNumber } = error;
    return {
      ...known,
      ...(subscriptionNumber !== undefined && { subscriptionNumber }),
      exitCode: EXIT.failed,
    };
  }
  return {
    ...known,
    ...(error instanceof PurchaseStoppedError && { hint: STOPPED_HINT }),
    exitCode: EXIT.failed,
  };
}

function failedFacts({ type, detail, workflowId }: PurchaseFailedError) {
  const { phase, subscriptionNumber, actionRequired } = detail;
  const hint =
    actionRequired ??
    (SEE_STATUS.has(type) ? `See it: ${quotedCommandFor('status', workflowId)}` : undefined);
  return {
    type,
    ...(hint !== undefined && { hint: withCommands(hint, workflowId) }),
    ...(phase !== undefined && { phase }),
    ...(subscriptionNumber !== undefined && { subscriptionNumber }),
    exitCode: type === 'InvalidOrder' && phase === undefined ? EXIT.usage : EXIT.failed,
  };
}

/** Failures of a call, about which the purchase itself says more. */
const SEE_STATUS: ReadonlySet<FailureType> = new Set(['OrderConflict', 'UnknownOutcome']);

function pendingFacts({ phase, actionRequired, workflowId }: PurchasePendingError) {
  const hint =
    actionRequired === undefined ? goesOn(phase, workflowId) : withCommands(actionRequired, workflowId);
  return { ...(phase !== undefined && { phase }), hint, exitCode: EXIT.pending };
}

/** What is said of a purchase that is not done yet; its phase is unknown when no worker answered. */
function goesOn(phase: PurchasePhase | undefined, workflowId: string | undefined): string {
  if (phase === undefined) return WORKER_HINT;
  const patience =
    phase === 'Placing'
      ? ' A portal in trouble is tried for two hours (ten minutes if it refuses the credentials), then a person is asked.'
      : '';
  return `It goes on: ${quotedCommandFor('watch', workflowId)}.${patience}`;
}

/** gRPC status codes, by number. */
const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

const BATCH_HINT = `See the batches: \`temporal batch list\`. Then do it again: \`${PROGRAM} retry --all\``;

const ATTRIBUTES_HINT =
  'The first worker of a namespace registers them: start one. With --partner, an ID is found without them.';

/** The gRPC error that a call to the Temporal server came to. */
function grpcErrorIn(error: unknown) {
  const cause = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
  return isGrpcServiceError(cause) ? cause : undefined;
}

/** Whether a search names attributes that no worker has registered yet. */
export function isUnregistered(error: unknown): boolean {
  const cause = grpcErrorIn(error);
  const code: number | undefined = cause?.code;
  return code === INVALID_ARGUMENT && cause?.details.includes('search attribute') === true;
}

/** Errors of calls to the Temporal server. */
function temporalReport(error: unknown): ErrorReport | undefined {
  if (error instanceof NamespaceNotFoundError) {
    return {
      type: 'NamespaceNotFound',
      message: `the Temporal server has no namespace "${oneLine(error.namespace)}"`,
      hint: 'Name another one with --namespace or TEMPORAL_NAMESPACE, or create it.',
      exitCode: EXIT.usage,
    };
  }
  const cause = grpcErrorIn(error);
  if (cause === undefined) return undefined;
  const details = oneLine(cause.details || cause.message);
  const code: number = cause.code;
  switch (code) {
    case UNAVAILABLE:
      return {
        type: 'TemporalUnreachable',
        message: `Temporal cannot be reached: ${details}`,
        exitCode: EXIT.unreachable,
      };
    case PERMISSION_DENIED:
    case UNAUTHENTICATED:
      return {
        type: 'TemporalRefused',
        message: `Temporal lets us do this no further: ${details}`,
        hint: 'Check TEMPORAL_API_KEY or the TLS settings, and the namespace.',
        exitCode: EXIT.unreachable,
      };
    case RESOURCE_EXHAUSTED:
    case UNIMPLEMENTED:
      return {
        type: 'TemporalRefused',
        message: `Temporal refused the call: ${details}`,
        ...(/batch/i.test(details) && { hint: BATCH_HINT }),
        exitCode: EXIT.unreachable,
      };
    case INVALID_ARGUMENT:
      return {
        type: 'TemporalRefused',
        message: `Temporal refused the call: ${details}`,
        ...(isUnregistered(error) && { hint: ATTRIBUTES_HINT }),
        exitCode: EXIT.usage,
      };
    default:
      return { type: 'TemporalError', message: `Temporal's answer: ${details}`, exitCode: EXIT.unexpected };
  }
}

/** Settings and files that must be put right first. Their messages say what to do. */
const CONFIG_ERRORS = [
  ConfigError,
  TemporalConfigError,
  TemporalNotFoundError,
  DevServerError,
  PayloadCodecError,
];
/** Errors of modules that only some commands load. */
const CONFIG_ERROR_NAMES = new Set([
  'SearchAttributesMissingError',
  'SearchAttributeTypeError',
  'SearchAttributesNotVisibleError',
]);

function configReport(error: unknown): ErrorReport | undefined {
  if (!(error instanceof Error)) return undefined;
  const isOurs = CONFIG_ERRORS.some((type) => error instanceof type) || CONFIG_ERROR_NAMES.has(error.name);
  return isOurs
    ? { type: error.name.replace(/Error$/, ''), message: safeLines(error.message), exitCode: EXIT.usage }
    : undefined;
}

function unexpectedReport(error: unknown): ErrorReport {
  const message = safeLines(error instanceof Error ? error.message : String(error));
  const stack = error instanceof Error && error.stack !== undefined ? safeLines(error.stack) : undefined;
  return { type: 'Unexpected', message, ...(stack !== undefined && { stack }), exitCode: EXIT.unexpected };
}
