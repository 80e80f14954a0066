import { z } from 'zod';
import { SETTLING_WINDOW } from './assumptions.js';
import { DURATION, LONGEST_DURATION, parseDuration } from './duration.js';

/** Shorter waits than this would only storm the portal; longer ones than this are a typing error. */
const SHORTEST_MS = 100;
const LONGEST_MS = 10 * 365 * 86_400_000;

/** Any duration. */
export const durationSchema = z
  .string()
  .refine((text) => parseDuration(text) !== undefined, 'must be a duration such as "5s", "15m" or "30d"')
  .meta({ pattern: DURATION.source, maxLength: LONGEST_DURATION });

const duration = durationSchema.refine((text) => {
  const parsed = parseDuration(text);
  return parsed === undefined || (parsed >= SHORTEST_MS && parsed <= LONGEST_MS);
}, 'must be between "100ms" and "3650d"');

const BOUNDS = 'Between "100ms" and "3650d".';

/** A duration that may be left out. */
function wait(description: string, standard: string) {
  return duration.meta({ description: `${description}. ${BOUNDS}`, default: standard }).optional();
}

/** One of two intervals. It has no plain default: filled in beside the other, it may mix them up. */
function interval(description: string, standard: string) {
  return duration.describe(`${description}. Without it: ${standard}. ${BOUNDS}`).optional();
}

/** Both are given and the wrong way round. */
function isMixedUp(waits: {
  initialInterval?: string | undefined;
  maximumInterval?: string | undefined;
}): boolean {
  const initial = parseDuration(waits.initialInterval);
  const maximum = parseDuration(waits.maximumInterval);
  return initial !== undefined && maximum !== undefined && maximum < initial;
}

const MIXED_UP = {
  error: 'must not be shorter than initialInterval',
  path: ['maximumInterval'],
};

/** How a purchase waits. Durations as Temporal writes them: `"5s"`, `"15m"`, `"30d"`. */
export const optionsSchema = z.strictObject({
  /** How the portal is asked for the status of an order it has. */
  polling: z
    .strictObject({
      /** @default "5s" */
      initialInterval: interval('How long after it was placed an order is first asked for', '5s'),
      /** By how much the interval grows with each poll, at least 1. @default 1.5 */
      backoffCoefficient: z
        .number()
        .min(1, 'must be at least 1')
        .max(100, 'must be at most 100')
        .meta({ description: 'By how much the interval grows with each poll.', default: 1.5 })
        .optional(),
      /** @default "15m" */
      maximumInterval: interval(
        'The longest interval; not shorter than initialInterval',
        '15m, or initialInterval where that is longer',
      ),
      /** How long after it was placed an order may take to be provisioned. @default "30d" */
      deadline: wait('How long after it was placed an order may take to be provisioned', '30d'),
    })
    .refine((polling) => !isMixedUp(polling), MIXED_UP)
    .describe('How the portal is asked for the status of an order that it has.')
    .optional(),
  /** How an unknown POST outcome is looked into. */
  settling: z
    .strictObject({
      /** @default "2s" */
      initialInterval: interval('How long after a lost answer the order is first looked for', '2s'),
      /** @default "1m" */
      maximumInterval: interval(
        'The longest interval; not shorter than initialInterval',
        '1m, or initialInterval where that is longer',
      ),
      /** How long an order may still turn up before it is believed not to exist. @default "15m" */
      window: wait('How long an order may still turn up before it is believed not to exist', SETTLING_WINDOW),
    })
    .refine((settling) => !isMixedUp(settling), MIXED_UP)
    .describe('How it is found out whether an order exists whose placing had no clear answer.')
    .optional(),
  /** What a refused order does: end the run as Failed, or wait for a person. @default "fail" */
  onRejected: z
    .enum(['fail', 'park'])
    .meta({
      description: 'What an order does that the portal refused: end the run as Failed, or wait for a person.',
      default: 'fail',
    })
    .optional(),
  /** How long a parked purchase waits for a person. @default "30d" */
  parkDeadline: wait('How long a parked purchase waits for a person', '30d'),
});

export type PurchaseOptions = z.infer<typeof optionsSchema>;

/** {@link PurchaseOptions} with every default filled in; durations in milliseconds. */
export interface ResolvedOptions {
  readonly polling: {
    readonly initialIntervalMs: number;
    readonly backoffCoefficient: number;
    readonly maximumIntervalMs: number;
    readonly deadlineMs: number;
  };
  readonly settling: {
    readonly initialIntervalMs: number;
    readonly maximumIntervalMs: number;
    readonly windowMs: number;
  };
  readonly onRejected: 'fail' | 'park';
  readonly parkDeadlineMs: number;
}

/** Fills in the defaults. Where only the first interval is given, the longest is never shorter than it. */
export function resolveOptions(options: PurchaseOptions = {}): ResolvedOptions {
  const { polling = {}, settling = {} } = options;
  const firstPoll = milliseconds(polling.initialInterval ?? '5s');
  const firstLook = milliseconds(settling.initialInterval ?? '2s');
  return {
    polling: {
      initialIntervalMs: firstPoll,
      backoffCoefficient: polling.backoffCoefficient ?? 1.5,
      maximumIntervalMs: Math.max(firstPoll, milliseconds(polling.maximumInterval ?? '15m')),
      deadlineMs: milliseconds(polling.deadline ?? '30d'),
    },
    settling: {
      initialIntervalMs: firstLook,
      maximumIntervalMs: Math.max(firstLook, milliseconds(settling.maximumInterval ?? '1m')),
      windowMs: milliseconds(settling.window ?? SETTLING_WINDOW),
    },
    onRejected: options.onRejected ?? 'fail',
    parkDeadlineMs: milliseconds(options.parkDeadline ?? '30d'),
  };
}

function milliseconds(text: string): number {
  const parsed = parseDuration(text);
  if (parsed === undefined) throw new RangeError(`not a duration: ${JSON.stringify(text)}`);
  return parsed;
}
