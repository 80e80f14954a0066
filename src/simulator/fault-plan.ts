import { z } from 'zod';
import { actionsFor, callsOf, faultSchema, type Fault, type FaultAction } from './faults.js';
import type { CallFacts, PortalCall } from './journal.js';
import type { Settings } from './options.js';
import { patternOf } from './order-pattern.js';

/** What a fault looks at. */
interface FaultTarget extends Pick<CallFacts, 'externalSubscriptionId'> {
  readonly call: PortalCall;
  /** When it arrived. */
  readonly at: number;
}

/** A fault that waits for its calls, and how it stands. Times are milliseconds of the simulator's clock. */
interface WaitingFault {
  readonly fault: Fault;
  readonly left: number | 'always';
  readonly skip: number;
  readonly from?: number;
  readonly until?: number;
}

/** The time that a fault says by `during`. */
interface Span {
  readonly added: number;
  readonly from: number;
  readonly until: number;
}

interface ArmedFault {
  readonly fault: Fault;
  readonly matches: (target: FaultTarget) => boolean;
  /** Matching calls that are still let through. */
  skip: number;
  /** Calls that it is still for. */
  left: number;
  /** With `during`: known when the clock, asked as the fault was added, has answered. */
  span?: Span;
  /** Settles when {@link span} is known, or not needed. */
  timed: Promise<void>;
}

/** The faults that wait for their calls. */
export class FaultPlan {
  readonly #now: Settings['now'];
  #armed: ArmedFault[] = [];

  constructor(now: Settings['now']) {
    this.#now = now;
  }

  /** @throws TypeError when the fault has the wrong shape. */
  add(fault: Fault): void {
    const checked = faultSchema.safeParse(fault);
    if (!checked.success) throw new TypeError(`not a fault: ${z.prettifyError(checked.error)}`);
    this.#armed.push(arm(checked.data, this.#now));
  }

  clear(): void {
    this.#armed = [];
  }

  /** What happens to a call; the fault it is from is used up by one. All matching happens here. */
  async take(target: FaultTarget): Promise<readonly FaultAction[]> {
    await this.#drop(target.at);
    // From here on synchronous, so that no two calls take the same one.
    let taken: ArmedFault | undefined;
    for (const armed of this.#armed) {
      if (!armed.matches(target) || !hasBegun(armed, target.at)) continue;
      if (armed.skip > 0) armed.skip -= 1;
      else taken ??= armed;
    }
    if (taken === undefined) return [];
    taken.left -= 1;
    if (taken.left === 0) this.#armed = this.#armed.filter((armed) => armed !== taken);
    return actionsFor(target.call, taken.fault);
  }

  /** The faults that wait, in their order. Each is JSON that can be added again. */
  async list(): Promise<readonly WaitingFault[]> {
    await this.#drop(await this.#now());
    return this.#armed.map(({ fault, left, skip, span }) => ({
      fault: fault.times === Infinity ? { ...fault, times: 'always' } : fault,
      left: left === Infinity ? 'always' : left,
      skip,
      ...(span !== undefined && { from: span.from, until: span.until }),
    }));
  }

  /** Forgets the faults whose time is over. */
  async #drop(now: number): Promise<void> {
    await Promise.all(this.#armed.map(({ timed }) => timed));
    this.#armed = this.#armed.filter(({ span }) => span === undefined || now < span.until);
  }
}

function arm(fault: Fault, now: Settings['now']): ArmedFault {
  const { externalSubscriptionId: pattern, during, times = during === undefined ? 1 : 'always' } = fault;
  const expression = pattern === undefined ? undefined : patternOf(pattern);
  const calls = new Set(callsOf(fault).filter((call) => actionsFor(call, fault).length > 0));
  const armed: ArmedFault = {
    fault,
    matches: ({ call, externalSubscriptionId }) =>
      calls.has(call) && (expression === undefined || expression.test(externalSubscriptionId ?? '')),
    skip: fault.skip ?? 0,
    left: times === 'always' ? Infinity : times,
    timed: Promise.resolve(),
  };
  if (during !== undefined) {
    armed.timed = setSpan(armed, during, now());
    // Whoever waits for it hears of a clock that failed; nobody else need.
    armed.timed.catch(() => undefined);
  }
  return armed;
}

async function setSpan(
  armed: ArmedFault,
  { afterMs = 0, forMs }: NonNullable<Fault['during']>,
  now: number | Promise<number>,
): Promise<void> {
  const added = await now;
  const from = added + afterMs;
  armed.span = { added, from, until: from + forMs };
}

/** A call that was under way when the fault was added counts as if it had arrived then. */
function hasBegun({ fault, span }: ArmedFault, at: number): boolean {
  if (fault.during === undefined) return true;
  return span !== undefined && span.from <= Math.max(at, span.added);
}
