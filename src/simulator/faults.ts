import { z } from 'zod';
import { DAMAGED_BODIES } from './damage.js';
import { PORTAL_CALLS, type PortalCall } from './journal.js';
import { isPattern } from './order-pattern.js';

/** Before or after the call had its effect: for `place`, before or after the order is committed. */
const when = z.enum(['before', 'after']);

const milliseconds = z.number().min(0);

/** Longer ones do not fit into a Node timer. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * What happens to a call. Another kind of fault is another member here and another branch in `inject.ts`.
 * Several for one call are done in their order; the first `drop` or `answer` that is reached ends it.
 */
const faultActionSchema = z.discriminatedUnion('do', [
  /** Destroys the socket, so that the caller gets no answer. */
  z.strictObject({ do: z.literal('drop'), when }),
  /** Gives this answer instead of the portal's own. A redirect is one: a 307 with a `location`. */
  z.strictObject({
    do: z.literal('answer'),
    when,
    status: z.int().min(200).max(599),
    headers: z.record(z.string(), z.string()).refine(areHeaders, 'must be valid headers').optional(),
    /** A string goes out as it is, anything else as JSON. @default an empty body */
    body: z.json().optional(),
    /** @default application/json for JSON, text/plain for a string */
    contentType: z.string().optional(),
  }),
  /** Waits, in real time. The call is carried on with even when the caller gives up meanwhile. */
  z.strictObject({ do: z.literal('delay'), when, ms: milliseconds.max(LONGEST_DELAY_MS) }),
  /**
   * Lag: a committed order answers 404 for so long, by the simulator's clock. On `place`, the order this call
   * commits, from its commit on; on `find`, the order asked for, from this call on.
   */
  z.strictObject({ do: z.literal('hide'), forMs: milliseconds }),
  /**
   * Every token issued so far is good no more. `before`: so that this very call is answered 401, or, on
   * `token`, that the one it issues is the only good one. `after`: that one too is gone.
   */
  z.strictObject({ do: z.literal('revoke'), when }),
  /** The call has its effect and its status, or those of an `answer`, but the body arrives so. */
  z.strictObject({ do: z.literal('damage'), body: z.enum(DAMAGED_BODIES) }),
  /** `find` only: an order that is found says this status, known or not, in this one answer. */
  z.strictObject({ do: z.literal('status'), status: z.string() }),
  /** `token` only: the token is good for so much less than its `expires_in` says, as when clocks differ. */
  z.strictObject({ do: z.literal('skew'), ms: milliseconds }),
]);

/** What happens to a call. */
export type FaultAction = z.infer<typeof faultActionSchema>;

/** The calls that an action means something to; every call, when it is not here. */
const MEANT_FOR: Readonly<Partial<Record<FaultAction['do'], readonly PortalCall[]>>> = {
  hide: ['place', 'find'],
  status: ['find'],
  skew: ['token'],
};

/** Which calls something happens to, and what. A call takes one fault: the first that is ready. */
export const faultSchema = z
  .strictObject({
    /** With `any`, each call has those of the actions that mean something to it. */
    call: z.enum([...PORTAL_CALLS, 'any']),
    /**
     * The orders it is for: a glob (`*` for any characters, `?` for one), or a regular expression between
     * slashes (`/^EXT-\d+$/`). No token call is for an order. @default every order
     */
    externalSubscriptionId: z.string().min(1).refine(isPattern, 'must be a glob or /a RegExp/').optional(),
    /**
     * How many calls it is for; `always` and Infinity (which JSON lacks) never end.
     * @default 1, or `always` if it says `during`
     */
    times: z.union([z.int().min(1), z.literal('always'), z.literal(Infinity)]).optional(),
    /** How many matching calls it lets through first, those that another fault takes counted. @default 0 */
    skip: z.int().min(0).optional(),
    /**
     * It is only for calls that arrive in this time, by the simulator's clock: it begins so long after the
     * fault was added, and when it is over, so is the fault. @default no limit
     */
    during: z
      .strictObject({
        /** @default 0 */
        afterMs: milliseconds.optional(),
        forMs: z.number().positive(),
      })
      .optional(),
    /** One action, or several for the same call, such as a drop of an order that is also hidden. */
    then: z.union([faultActionSchema, z.array(faultActionSchema).min(1)], { error: wrongAction }),
  })
  .refine(({ call, externalSubscriptionId }) => call !== 'token' || externalSubscriptionId === undefined, {
    path: ['externalSubscriptionId'],
    message: 'cannot be known when a token is asked for',
  })
  .superRefine((fault, context) => {
    const calls = callsOf(fault);
    for (const action of actionsOf(fault)) {
      if (calls.some((call) => isMeantFor(action, call))) continue;
      const message = `${action.do} means something to ${MEANT_FOR[action.do]?.join(' and ')} only`;
      context.addIssue({ code: 'custom', path: ['then'], message });
    }
  });

/** Which calls something happens to, and what. */
export type Fault = z.infer<typeof faultSchema>;

/** The calls that a fault may be for. */
export function callsOf({
  call,
  externalSubscriptionId,
}: Pick<Fault, 'call' | 'externalSubscriptionId'>): readonly PortalCall[] {
  if (call !== 'any') return [call];
  return externalSubscriptionId === undefined ? PORTAL_CALLS : ['place', 'find'];
}

/** The actions of a fault, whether it was given one or several, that mean something to a call. */
export function actionsFor(call: PortalCall, fault: Pick<Fault, 'then'>): readonly FaultAction[] {
  return actionsOf(fault).filter((action) => isMeantFor(action, call));
}

/** Actions in words, for the journal: `drop after`, `hide for 5000 ms + body truncated`. */
export function describeActions(actions: readonly FaultAction[]): string {
  return actions.map(describeAction).join(' + ');
}

function describeAction(action: FaultAction): string {
  switch (action.do) {
    case 'hide':
      return `hide for ${action.forMs} ms`;
    case 'delay':
      return `delay ${action.ms} ms ${action.when}`;
    case 'answer':
      return `answer ${action.status} ${action.when}`;
    case 'damage':
      return `body ${action.body}`;
    case 'status':
      return `status ${action.status}`;
    case 'skew':
      return `skew ${action.ms} ms`;
    default:
      return `${action.do} ${action.when}`;
  }
}

function actionsOf({ then }: Pick<Fault, 'then'>): readonly FaultAction[] {
  return 'do' in then ? [then] : then;
}

function isMeantFor(action: FaultAction, call: PortalCall): boolean {
  return MEANT_FOR[action.do]?.includes(call) ?? true;
}

/** Zod says only that no member of the union fits; what is wrong is said by the member that was meant. */
function wrongAction({ errors, input }: { errors?: z.core.$ZodIssue[][]; input?: unknown }): string {
  const names = faultActionSchema.options.map((option) => option.shape.do.value);
  const general = `must be a valid action, or a list of them: ${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
  const problem = errors?.[Array.isArray(input) ? 1 : 0]?.find(
    ({ path }) => path.length > 0 && path.at(-1) !== 'do',
  );
  if (problem === undefined) return general;
  return `${general} (${problem.path.join('.')}: ${problem.message})`;
}

function areHeaders(headers: Record<string, string>): boolean {
  try {
    return new Headers(headers) instanceof Headers;
  } catch {
    return false;
  }
}
