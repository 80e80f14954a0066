import * as fc from 'fast-check';
import { parseDuration } from '../../src/contract/duration.js';
import type { PurchaseOptions } from '../../src/contract/index.js';
import type { Fault } from '../../src/simulator/index.js';
import { SECRET_WORDS, SECRETIVE_WORDS } from './customer.js';
import type { Action, Intervention, Moment, Script } from './script.js';

/**
 * Random scripts. The first of each list is the plainest: fast-check shrinks towards it. What a portal must
 * not do, or no client could be right, is left out here and nowhere else:
 * - it shows an order after less than the settling window (with a margin);
 * - a 401, 403, 429 or 4xx that is not 408, 409 or 422 means that it took nothing, and a 422 that it shows
 *   what it has;
 * - what it answers to a GET with 404 it does not have, or hides for so long;
 * - it says `Provisioned` and `Failed` when it means it, and 201 when it took the order (see `isLie` too).
 */

/** The share of the settling window for which an order may stay hidden. */
const LONGEST_HIDING = 0.8;

/** A portal client of the campaign gives up sooner than this, in milliseconds. */
const TOO_LATE_MS = 900;

type Then = Fault['then'];
type Verb = Exclude<Then, readonly unknown[]>;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const SETTLING: readonly NonNullable<PurchaseOptions['settling']>[] = [
  { initialInterval: '10s', maximumInterval: '1m', window: '2m' },
  { initialInterval: '30s', maximumInterval: '3m', window: '10m' },
  { initialInterval: '2m', maximumInterval: '5m', window: '15m' },
];

const POLLING: readonly NonNullable<PurchaseOptions['polling']>[] = [
  { initialInterval: '1m', backoffCoefficient: 2, maximumInterval: '30m', deadline: '3h' },
  { initialInterval: '10s', backoffCoefficient: 3, maximumInterval: '6h', deadline: '2d' },
  { initialInterval: '5m', backoffCoefficient: 1, maximumInterval: '5m', deadline: '30m' },
];

const options: fc.Arbitrary<PurchaseOptions> = fc.record({
  polling: fc.constantFrom(...POLLING),
  settling: fc.constantFrom(...SETTLING),
  onRejected: fc.constantFrom('fail' as const, 'park' as const),
  parkDeadline: fc.constantFrom('1h', '2d'),
});

const order = fc.record({
  product: fc.oneof(
    { weight: 12, arbitrary: fc.constant('2c92a0ff') },
    { weight: 2, arbitrary: fc.constant('refuse-me') },
    { weight: 1, arbitrary: fc.constant('never-provisions') },
    { weight: 1, arbitrary: fc.constant('fails') },
  ),
  idTail: fc.constantFrom('', '', '', ' a b', '/ü%2F?', ':*?#'),
  isPlaced: fc.oneof(
    { weight: 9, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
});

const portal: fc.Arbitrary<Script['portal']> = fc.record({
  secondPost: fc.constantFrom('duplicate', 'duplicate', '422', '409'),
  creatingMs: fc.constantFrom(0, MINUTE, 20 * MINUTE),
  createdMs: fc.constantFrom(0, 10 * MINUTE, 100 * MINUTE),
  tokenLifetimeSeconds: fc.constantFrom(7_200, 7_200, 300, 30),
});

const drop = (when: 'before' | 'after'): Verb => ({ do: 'drop', when });
const answer = (when: 'before' | 'after', status: number, more: object = {}): Verb => ({
  do: 'answer',
  when,
  status,
  ...more,
});
const page = { body: '<html>maintenance</html>', contentType: 'text/html' };
const echo = { body: { error: SECRETIVE_WORDS } };
const wait = (seconds: number) => ({ headers: { 'Retry-After': String(seconds) } });

/** A POST whose answer says nothing certain; the order may be there. */
const vague: fc.Arbitrary<Verb> = fc
  .record({
    when: fc.constantFrom('before' as const, 'after' as const),
    verb: fc.constantFrom<readonly [number, object] | 'drop'>(
      'drop',
      [503, {}],
      [500, echo],
      [503, wait(30)],
      [408, {}],
      [307, { headers: { location: 'http://127.0.0.1:9/elsewhere' } }],
      [200, page],
      [201, { body: '' }],
      [202, { body: '[]' }],
    ),
  })
  .map(({ when, verb }) => (verb === 'drop' ? drop(when) : answer(when, ...verb)));

/** What an answer without a number looks like. It is a lie when the portal took no order. */
const NUMBERLESS = answer('after', 201, { body: { ok: true } });

/** A POST that was taken, whatever was said. */
const taken = fc.constantFrom<Verb>(
  NUMBERLESS,
  { do: 'damage', body: 'empty' },
  { do: 'damage', body: 'truncated' },
  { do: 'damage', body: 'html' },
  { do: 'damage', body: 'mislabelled' },
  { do: 'damage', body: 'oversized' },
  { do: 'delay', when: 'after', ms: TOO_LATE_MS },
);

/** A POST that was not taken, and an answer that says so or may. */
const refused = fc.constantFrom<Verb>(
  answer('before', 401),
  { do: 'revoke', when: 'before' },
  answer('before', 403, echo),
  answer('before', 429),
  answer('before', 429, wait(45)),
  answer('before', 429, wait(5_400)),
  answer('before', 400, echo),
  answer('before', 404),
  answer('before', 409, echo),
  answer('before', 422, echo),
);

/** A hidden order: for how much of the settling window. */
type Hidden = { readonly share: number; readonly then: readonly Verb[] };

const placing: fc.Arbitrary<Hidden> = fc.oneof(
  fc.record({ share: fc.constant(0), then: vague.map((verb) => [verb]) }),
  fc.record({ share: share(), then: vague.map((verb) => [verb]) }),
  fc.record({ share: share(), then: taken.map((verb) => [verb]) }),
  fc.record({ share: fc.constant(0), then: refused.map((verb) => [verb]) }),
  fc.record({
    share: fc.constant(0),
    then: fc.constantFrom<Verb>(answer('after', 409), answer('after', 422)).map((verb) => [verb]),
  }),
  fc.record({ share: share(), then: fc.constant([]) }),
);

function share(): fc.Arbitrary<number> {
  return fc.constantFrom(0, 0.05, 0.4, LONGEST_HIDING);
}

const finding = fc.constantFrom<Verb>(
  drop('before'),
  drop('after'),
  answer('before', 503),
  answer('before', 503, wait(120)),
  answer('before', 500, echo),
  answer('before', 429, wait(60)),
  answer('before', 401),
  { do: 'revoke', when: 'before' },
  answer('before', 403, echo),
  answer('before', 400, echo),
  answer('before', 200, page),
  answer('before', 200, { body: {} }),
  answer('before', 302, { headers: { location: 'http://127.0.0.1:9/' } }),
  { do: 'damage', body: 'truncated' },
  { do: 'status', status: 'Creating' },
  { do: 'status', status: 'On hold' },
  { do: 'delay', when: 'after', ms: TOO_LATE_MS },
);

const granting = fc.constantFrom<Verb>(
  drop('before'),
  drop('after'),
  answer('before', 500),
  answer('before', 429, wait(20)),
  answer('before', 401, { body: { error: 'invalid_client', error_description: SECRET_WORDS } }),
  answer('before', 400, { body: { error: 'invalid_scope' } }),
  answer('before', 200, page),
  answer('before', 200, { body: { token_type: 'Bearer' } }),
  { do: 'damage', body: 'truncated' },
  { do: 'skew', ms: 7_000_000 },
  { do: 'revoke', when: 'after' },
);

/** How often, and from which call on. */
const often = fc.record({
  times: fc.oneof(
    { weight: 40, arbitrary: fc.integer({ min: 1, max: 4 }) },
    // It takes some two hundred calls until the purchase gives up and is parked.
    { weight: 1, arbitrary: fc.constant('always' as const) },
  ),
  skip: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) },
  ),
});

/** A fault, given the settling window. */
type WindowedFault = (windowMs: number) => Fault;

function placeFault({ share: ofWindow, then }: Hidden, more: Partial<Fault>): WindowedFault {
  return (windowMs) => {
    const hide: readonly Verb[] = ofWindow > 0 ? [{ do: 'hide', forMs: ofWindow * windowMs }] : [];
    const verbs = [...hide, ...then];
    const [first = drop('before'), ...others] = verbs;
    return { call: 'place', ...more, then: others.length === 0 ? first : [first, ...others] };
  };
}

const fault: fc.Arbitrary<WindowedFault> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({ hidden: placing, more: often })
      // A POST that is always in vain, or always hidden, is no more than one that is so four times.
      .map(({ hidden, more }) => placeFault(hidden, more)),
  },
  {
    weight: 4,
    arbitrary: fc.record({ then: finding, more: often }).map(({ then, more }) => () => ({
      call: 'find' as const,
      ...more,
      then,
    })),
  },
  {
    weight: 2,
    arbitrary: fc.record({ then: granting, more: often }).map(({ then, more }) => () => ({
      call: 'token' as const,
      ...more,
      then,
    })),
  },
  {
    weight: 1,
    // The portal is away.
    arbitrary: fc
      .record({
        then: fc.constantFrom<Verb>(drop('before'), answer('before', 503), answer('before', 500, page)),
        forMs: fc.constantFrom(MINUTE, 10 * MINUTE, HOUR),
        afterMs: fc.constantFrom(0, 1_000, MINUTE, 10 * MINUTE),
      })
      .map(({ then, ...during }) => () => ({ call: 'any' as const, during, then })),
  },
);

const simple = fc.constantFrom<Action>(
  { do: 'cancelSignal' },
  { do: 'cancelUpdate' },
  { do: 'temporalCancel' },
  { do: 'poll' },
  { do: 'retry' },
  { do: 'status' },
  { do: 'amend' },
  { do: 'revokeTokens' },
);

const asking = fc.constantFrom<Action>(
  { do: 'orderPlaced', order: 'none' },
  { do: 'orderPlaced', order: 'same' },
  { do: 'orderPlaced', order: 'same', within: '3m' },
  { do: 'orderPlaced', order: 'other' },
);

const garbage = fc.integer({ min: 0, max: 7 }).map((nth): Action => ({ do: 'garbage', nth }));

/** Two in one try to place stay within the four minutes in which a lost worker may still send. */
const jump = fc.constantFrom(15_000, 30_000, 100_000).map((ms): Action => ({ do: 'jump', ms }));
const longJump = fc.constantFrom(5 * MINUTE, HOUR, 30 * HOUR).map((ms): Action => ({ do: 'jump', ms }));

const inCall = fc.oneof(
  { weight: 6, arbitrary: simple },
  { weight: 2, arbitrary: asking },
  { weight: 1, arbitrary: garbage },
  { weight: 4, arbitrary: jump },
  { weight: 3, arbitrary: fc.constant<Action>({ do: 'loseWorker' }) },
);

const outsideCall = fc.oneof(
  { weight: 6, arbitrary: simple },
  { weight: 2, arbitrary: asking },
  { weight: 1, arbitrary: garbage },
  { weight: 1, arbitrary: longJump },
  { weight: 1, arbitrary: fc.constant<Action>({ do: 'startAgain' }) },
);

const moment: fc.Arbitrary<Moment> = fc.record({
  call: fc.constantFrom('placeOrder', 'findSubscription', 'fetchToken'),
  nth: fc.constantFrom(1, 1, 1, 2, 2, 3, 4, 6),
  when: fc.constantFrom('before', 'after'),
});

const intervention: fc.Arbitrary<Intervention> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ at: moment, do: inCall }) },
  {
    weight: 2,
    arbitrary: fc.record({ at: fc.record({ polled: fc.integer({ min: 0, max: 4 }) }), do: outsideCall }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      at: fc.constant({ started: true as const }),
      do: fc.oneof(simple, asking, garbage),
    }),
  },
);

const whenParked = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<Action>({ do: 'mend' }, { do: 'retry' }) },
  { weight: 2, arbitrary: fc.constant<Action>({ do: 'amend' }) },
  { weight: 3, arbitrary: outsideCall },
);

/** Scripts for the server that skips time. */
export const scripts: fc.Arbitrary<Script> = fc
  .record({
    order,
    options,
    portal,
    faults: fc.array(fault, { maxLength: 4 }),
    interventions: fc.array(intervention, { maxLength: 4 }),
    whileParked: fc.array(whenParked, { maxLength: 4 }),
    isCached: fc.oneof(
      { weight: 9, arbitrary: fc.constant(true) },
      { weight: 1, arbitrary: fc.constant(false) },
    ),
  })
  .map(({ faults, ...rest }) => {
    const windowMs = parseDuration(rest.options.settling?.window) ?? 0;
    const made = faults.map((make) => make(windowMs));
    // To replay hours of trouble at every step takes minutes.
    const isCached = rest.isCached || made.some(isLasting);
    return withoutTheImpossible({ ...rest, faults: made, isCached });
  });

function isLasting({ times, during }: Fault): boolean {
  return times === 'always' || (during?.forMs ?? 0) > MINUTE;
}

/**
 * Only a server that lists runs lets a purchase that is started again know what the run before it left open.
 * The one that skips time does not: with it, no order is hidden then, and no lost worker comes back.
 */
function withoutTheImpossible(script: Script): Script {
  const actions = [...script.interventions.map((each) => each.do), ...script.whileParked];
  if (!actions.some((action) => action.do === 'startAgain')) return script;
  return {
    ...script,
    faults: script.faults.map((each) => ({ ...each, then: shown(each.then) })),
    interventions: script.interventions.map((each) =>
      'call' in each.at && each.do.do === 'jump' ? { ...each, do: { do: 'loseWorker' } } : each,
    ),
  };
}

function shown(then: Then): Then {
  if (!Array.isArray(then)) return isHiding(then) ? drop('after') : then;
  const kept = then.filter((action) => !isHiding(action));
  return kept.length === 0 ? drop('after') : kept;
}

function isHiding(action: Then): boolean {
  return 'do' in action && action.do === 'hide';
}
