import { z } from 'zod';
import { PORTAL_CALLS, type CallFacts, type PortalCall } from './journal.js';

/** Before or after the call had its effect: for `place`, before or after the order is committed. */
const when = z.enum(['before', 'after']);

/** Longer ones do not fit into a Node timer. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** What happens to a call. Another kind of fault is another member here and another branch in `inject.ts`. */
const faultActionSchema = z.discriminatedUnion('do', [
  /** Destroys the socket, so that the caller gets no answer. */
  z.strictObject({ do: z.literal('drop'), when }),
  /** Gives this answer instead of the portal's own. */
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
  z.strictObject({ do: z.literal('delay'), when, ms: z.number().min(0).max(LONGEST_DELAY_MS) }),
  /**
   * Lag: a committed order answers 404 for so long, by the simulator's clock. On `place`, the order this call
   * commits, from its commit on; on `find`, the order asked for, from this call on.
   */
  z.strictObject({ do: z.literal('hide'), forMs: z.number().min(0) }),
]);

/** What happens to a call. */
export type FaultAction = z.infer<typeof faultActionSchema>;

/** Which calls something happens to, and what. A call takes one fault: the first that is ready. */
export const faultSchema = z
  .strictObject({
    call: z.enum(PORTAL_CALLS),
    /**
     * The orders it is for: a glob (`*` for any characters, `?` for one), or a regular expression between
     * slashes (`/^EXT-\d+$/`). @default every order
     */
    externalSubscriptionId: z.string().min(1).refine(isPattern, 'must be a glob or /a RegExp/').optional(),
    /** How many calls it is for; `always` and Infinity (which JSON lacks) never end. @default 1 */
    times: z.union([z.int().min(1), z.literal('always'), z.literal(Infinity)]).optional(),
    /** How many matching calls it lets through first, those that another fault takes counted. @default 0 */
    skip: z.int().min(0).optional(),
    /** One action, or several for the same call, such as a drop of an order that is also hidden. */
    then: z.union([faultActionSchema, z.array(faultActionSchema).min(1)], {
      error: 'must be a valid action, or a list of them: drop, answer, delay or hide',
    }),
  })
  .refine(({ call, externalSubscriptionId }) => call !== 'token' || externalSubscriptionId === undefined, {
    path: ['externalSubscriptionId'],
    message: 'cannot be known when a token is asked for',
  })
  .refine((fault) => fault.call !== 'token' || actionsOf(fault).every((action) => action.do !== 'hide'), {
    path: ['then'],
    message: 'a token cannot be hidden',
  });

/** Which calls something happens to, and what. */
export type Fault = z.infer<typeof faultSchema>;

/** What a fault looks at. */
interface FaultTarget extends Pick<CallFacts, 'externalSubscriptionId'> {
  readonly call: PortalCall;
}

interface ArmedFault {
  readonly fault: Fault;
  readonly matches: (target: FaultTarget) => boolean;
  /** Matching calls that are still let through. */
  skip: number;
  /** Calls that it is still for. */
  left: number;
}

/** The faults that wait for their calls. */
export class FaultPlan {
  #armed: ArmedFault[] = [];

  /** @throws TypeError when the fault has the wrong shape. */
  add(fault: Fault): void {
    const checked = faultSchema.safeParse(fault);
    if (!checked.success) throw new TypeError(`not a fault: ${z.prettifyError(checked.error)}`);
    this.#armed.push(arm(checked.data));
  }

  clear(): void {
    this.#armed = [];
  }

  /** The fault for a call, used up by one. All matching happens here. */
  take(target: FaultTarget): Fault | undefined {
    let taken: ArmedFault | undefined;
    for (const armed of this.#armed.filter(({ matches }) => matches(target))) {
      if (armed.skip > 0) armed.skip -= 1;
      else taken ??= armed;
    }
    if (taken === undefined) return undefined;
    taken.left -= 1;
    if (taken.left === 0) this.#armed = this.#armed.filter((armed) => armed !== taken);
    return taken.fault;
  }
}

/** The actions of a fault, whether it was given one or several. */
export function actionsOf({ then }: { then: FaultAction | readonly FaultAction[] }): readonly FaultAction[] {
  return 'do' in then ? [then] : then;
}

/** A fault in words, for the journal: `drop after`, `hide for 5000 ms + answer 503 after`. */
export function describeFault(fault: Fault): string {
  return actionsOf(fault).map(describeAction).join(' + ');
}

function describeAction(action: FaultAction): string {
  if (action.do === 'hide') return `hide for ${action.forMs} ms`;
  if (action.do === 'delay') return `delay ${action.ms} ms ${action.when}`;
  if (action.do === 'answer') return `answer ${action.status} ${action.when}`;
  return `drop ${action.when}`;
}

function arm(fault: Fault): ArmedFault {
  const pattern =
    fault.externalSubscriptionId === undefined ? undefined : patternOf(fault.externalSubscriptionId);
  return {
    fault,
    skip: fault.skip ?? 0,
    left: fault.times === 'always' ? Infinity : (fault.times ?? 1),
    matches: ({ call, externalSubscriptionId }) =>
      call === fault.call && (pattern === undefined || pattern.test(externalSubscriptionId ?? '')),
  };
}

/** @throws SyntaxError when it is a regular expression that is none. */
function patternOf(text: string): RegExp {
  const source = /^\/(.+)\/$/s.exec(text)?.[1];
  if (source !== undefined) return new RegExp(source, 'u');
  const glob = text
    .replaceAll(/[\\^$.|+()[\]{}/]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${glob}$`, 'su');
}

function isPattern(text: string): boolean {
  try {
    return patternOf(text) instanceof RegExp;
  } catch {
    return false;
  }
}

function areHeaders(headers: Record<string, string>): boolean {
  try {
    return new Headers(headers) instanceof Headers;
  } catch {
    return false;
  }
}
