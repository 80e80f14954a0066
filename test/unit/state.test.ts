import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FAILURE_TYPES,
  PURCHASE_PHASES,
  purchaseResultSchema,
  purchaseStatusSchema,
  purchaseSummarySchema,
  failureDetailSchema,
  type PurchasePhase,
} from '../../src/contract/index.js';
import {
  advance,
  beginPurchase,
  effectOf,
  isCancelling,
  failureDetailOf,
  isOpen,
  isPlaced,
  mayHappen,
  resultOf,
  statusOf,
  summaryOf,
  type PurchaseError,
  type PurchaseEvent,
  type PurchaseState,
  type ResumablePhase,
} from '../../workflows/purchase-state.js';
import type { Trouble } from '../../workflows/trouble.js';

type EventType = PurchaseEvent['type'];

const IDS = { tradingPartnerId: '0012300000AbCdE', externalSubscriptionId: 'EXT-1001' };
const BEGUN = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ERROR: PurchaseError = { type: 'PortalUnavailable', message: 'the portal rests', at: BEGUN };

const OPEN: readonly PurchasePhase[] = ['Placing', 'Confirming', 'Provisioning', 'ActionRequired'];
const TERMINAL: readonly PurchasePhase[] = ['Provisioned', 'Failed', 'Cancelled', 'Overdue'];

/** Each event: the phases it may come in, and the phase that follows. What is not listed must be refused. */
const TRANSITIONS: Readonly<Record<EventType, Partial<Record<PurchasePhase, PurchasePhase>>>> = {
  TokenFetched: { Placing: 'Placing' },
  OrderPlaced: { Placing: 'Provisioning' },
  OrderFound: { Placing: 'Provisioning', Confirming: 'Provisioning' },
  OutcomeUnknown: { Placing: 'Confirming' },
  LookupScheduled: { Confirming: 'Confirming' },
  OrderNotFound: { Placing: 'Placing', Confirming: 'Confirming', ActionRequired: 'ActionRequired' },
  OrderUncertain: { Placing: 'Placing', ActionRequired: 'ActionRequired' },
  SettledAsNotPlaced: { Confirming: 'Placing' },
  PortalTrouble: { Placing: 'Placing', Confirming: 'Confirming', Provisioning: 'Provisioning' },
  PollScheduled: { Provisioning: 'Provisioning' },
  Polled: { Provisioning: 'Provisioning' },
  Parked: { Placing: 'ActionRequired', Confirming: 'ActionRequired', Provisioning: 'ActionRequired' },
  OrderAmended: { ActionRequired: 'ActionRequired' },
  // The parked purchase of this table was parked while its outcome was unknown.
  Resumed: { ActionRequired: 'Confirming' },
  CancelRequested: {
    Placing: 'Placing',
    Confirming: 'Confirming',
    Provisioning: 'Provisioning',
    ActionRequired: 'ActionRequired',
  },
  Provisioned: { Provisioning: 'Provisioned' },
  Failed: { Placing: 'Failed', Confirming: 'Failed', Provisioning: 'Failed', ActionRequired: 'Failed' },
  Overdue: { Provisioning: 'Overdue' },
  Cancelled: {
    Placing: 'Cancelled',
    Confirming: 'Cancelled',
    Provisioning: 'Cancelled',
    ActionRequired: 'Cancelled',
  },
};

const EVENTS: readonly EventType[] = [
  'TokenFetched',
  'OrderPlaced',
  'OrderFound',
  'OutcomeUnknown',
  'LookupScheduled',
  'OrderNotFound',
  'OrderUncertain',
  'SettledAsNotPlaced',
  'PortalTrouble',
  'PollScheduled',
  'Polled',
  'Parked',
  'OrderAmended',
  'Resumed',
  'CancelRequested',
  'Provisioned',
  'Failed',
  'Overdue',
  'Cancelled',
];
const ENDINGS: ReadonlySet<EventType> = new Set(['Provisioned', 'Failed', 'Overdue', 'Cancelled']);

/** What an event may say. */
interface Words {
  readonly text: string;
  readonly number?: string;
  readonly portalStatus: string;
  readonly error: Omit<PurchaseError, 'at'>;
  readonly refused: boolean;
  readonly wait: number;
  readonly mayWait: boolean;
  readonly via: 'signal' | 'update' | 'temporal';
}

const PLAIN_WORDS: Words = {
  text: 'words',
  number: 'A-S00012345',
  portalStatus: 'Creating',
  error: { type: 'UnknownOutcome', message: 'the answer was lost' },
  refused: false,
  wait: HOUR,
  mayWait: true,
  via: 'signal',
};

/** How it is counted is held in trouble.test.ts. */
const TROUBLE: Trouble = { since: BEGUN, calls: 2, dueAt: BEGUN + HOUR };

/** An event as the workflow records it. */
function eventOf(type: EventType, at: number, words: Words): PurchaseEvent {
  const error = { ...words.error, at };
  const nextPollAt = at + words.wait;
  const deadline = at + words.wait;
  const number = words.number === undefined ? {} : { subscriptionNumber: words.number };
  switch (type) {
    case 'TokenFetched':
      return { type, detail: words.text };
    case 'OrderPlaced':
    case 'OrderFound':
      return { type, deadline, ...number };
    case 'OutcomeUnknown':
      return {
        type,
        error: { ...error, detail: { ...error.detail, refused: words.refused } },
        settlingMs: words.wait,
      };
    case 'LookupScheduled':
    case 'PollScheduled':
      return { type, nextPollAt };
    case 'PortalTrouble':
      return { type, error, trouble: TROUBLE, ...(words.mayWait && { nextPollAt }) };
    case 'Polled':
      return { type, portalStatus: words.portalStatus, ...number };
    case 'Parked':
      return {
        type,
        error,
        actionRequired: words.text,
        deadline,
      };
    case 'Resumed':
      return { type, ...(words.mayWait && { deadline }) };
    case 'CancelRequested':
      return {
        type,
        wish: {
          requestedAt: at,
          via: words.via,
          stopsTracking: words.via === 'temporal',
          ...(words.mayWait && { reason: words.text }),
        },
      };
    case 'Failed':
    case 'Overdue':
      return { type, error, actionRequired: words.text };
    case 'OrderNotFound':
    case 'OrderUncertain':
    case 'SettledAsNotPlaced':
    case 'OrderAmended':
    case 'Provisioned':
    case 'Cancelled':
      return { type };
  }
}

/** Plays events of plain words, an hour apart. */
function after(...types: readonly EventType[]): PurchaseState {
  let state = beginPurchase(IDS, BEGUN);
  for (const [index, type] of types.entries()) {
    const at = BEGUN + (index + 1) * HOUR;
    state = advance(state, eventOf(type, at, PLAIN_WORDS), at);
  }
  return state;
}

const IN_PHASE: Readonly<Record<PurchasePhase, PurchaseState>> = {
  Placing: after(),
  Confirming: after('OutcomeUnknown'),
  Provisioning: after('OrderPlaced'),
  ActionRequired: after('OutcomeUnknown', 'Parked'),
  Provisioned: after('OrderPlaced', 'Provisioned'),
  Failed: after('Failed'),
  Cancelled: after('Cancelled'),
  Overdue: after('OrderPlaced', 'Overdue'),
};

/** One thing that happened in a story. */
interface Moment {
  readonly before: PurchaseState;
  readonly event: PurchaseEvent;
  readonly state: PurchaseState;
  readonly at: number;
}

/** One step of a story, before it is known which events may come. */
interface Step {
  readonly pick: number;
  readonly ends: boolean;
  readonly elapsed: number;
  readonly words: Words;
}

const words: fc.Arbitrary<Words> = fc.record(
  {
    text: fc.string({ unit: 'binary' }),
    number: fc.string({ minLength: 1 }),
    portalStatus: fc.constantFrom('Creating', 'Created', 'Provisioned', 'Failed', 'Thinking'),
    error: fc.record(
      {
        type: fc.constantFrom(...FAILURE_TYPES),
        message: fc.string(),
        detail: fc.record(
          { httpStatus: fc.integer({ min: 100, max: 599 }), retryAfterMs: fc.nat(DAY) },
          { requiredKeys: [], noNullPrototype: true },
        ),
      },
      { requiredKeys: ['type', 'message'], noNullPrototype: true },
    ),
    refused: fc.boolean(),
    wait: fc.nat(30 * DAY),
    mayWait: fc.boolean(),
    via: fc.constantFrom('signal', 'update', 'temporal'),
  },
  {
    requiredKeys: ['text', 'portalStatus', 'error', 'refused', 'wait', 'mayWait', 'via'],
    noNullPrototype: true,
  },
);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    pick: fc.nat(10_000),
    // Seldom, or most stories would be over before they begin.
    ends: fc.integer({ min: 0, max: 40 }).map((die) => die === 40),
    elapsed: fc.nat(DAY),
    words,
  }),
  { maxLength: 150, size: 'max' },
);

/** Only what `mayHappen` lets come, the time never going back. */
function play(story: readonly Step[]): Moment[] {
  const moments: Moment[] = [];
  let before = beginPurchase(IDS, BEGUN);
  let at = BEGUN;
  for (const step of story) {
    const state = before;
    const may = EVENTS.filter((type) => mayHappen(state, type));
    const choices = may.filter((type) => ENDINGS.has(type) === step.ends);
    const type = choices[step.pick % choices.length];
    if (type === undefined) break;
    at += step.elapsed;
    const event = eventOf(type, at, step.words);
    before = advance(state, event, at);
    moments.push({ before: state, event, state: before, at });
  }
  return moments;
}

type Check = (moment: Moment, storySoFar: readonly Moment[]) => void;

/** Holds for every moment of every story. */
function always(check: Check): void {
  whenever(() => true, check);
}

/** Holds for every moment, of every story, at which something else holds. */
function whenever(holds: (moment: Moment) => boolean, check: Check): void {
  fc.assert(
    fc.property(steps, (story) => {
      const moments = play(story);
      for (const [index, moment] of moments.entries()) {
        if (holds(moment)) check(moment, moments.slice(0, index + 1));
      }
    }),
    { numRuns: 150 },
  );
}

const isTerminal = ({ state }: Moment) => TERMINAL.includes(state.phase);

/** What really became of the order, told by the events alone. */
function truthAfter(moments: readonly Moment[]): {
  placedAt?: number;
  firstNumber?: string;
  inDoubt: boolean;
  /** The portal said that it has no such order, and none was sent since. */
  absent: boolean;
} {
  let placedAt: number | undefined;
  let firstNumber: string | undefined;
  let inDoubt = false;
  let absent = false;
  for (const { event, at } of moments) {
    if (event.type === 'OrderPlaced' || event.type === 'OrderFound') placedAt ??= at;
    if ('subscriptionNumber' in event) firstNumber ??= event.subscriptionNumber;
    if (event.type === 'OutcomeUnknown') inDoubt = true;
    if (event.type === 'OrderFound' || event.type === 'SettledAsNotPlaced') inDoubt = false;
    if (event.type === 'OutcomeUnknown' || event.type === 'OrderUncertain') absent = false;
    if (event.type === 'SettledAsNotPlaced' || event.type === 'OrderAmended') absent = true;
    if (event.type === 'OrderNotFound' && !inDoubt) absent = true;
    const isRefused = 'error' in event && event.error.type === 'OrderRejected';
    if (isRefused && ['Parked', 'Failed'].includes(event.type)) absent = true;
  }

  return {
    ...(placedAt !== undefined && { placedAt }),
    ...(firstNumber !== undefined && { firstNumber }),
    inDoubt,
    absent: !inDoubt && absent,
  };
}

describe('the stories these properties are checked on', () => {
  it('reach every phase, every event, and more news than the timeline holds', () => {
    const stories = fc.sample(steps, { numRuns: 400, seed: 20_260_101 }).map(play);
    const moments = stories.flat();
    expect(new Set(moments.map(({ state }) => state.phase))).toEqual(new Set(PURCHASE_PHASES));
    expect(new Set(moments.map(({ event }) => event.type))).toEqual(new Set(EVENTS));
    expect(Math.max(...stories.map((story) => newsOf(story).length))).toBeGreaterThan(60);
  });
});

describe('transitions', () => {
  it('are known for every event and phase', () => {
    expect(new Set(EVENTS)).toEqual(new Set(Object.keys(TRANSITIONS)));
    expect([...OPEN, ...TERMINAL].toSorted()).toEqual(PURCHASE_PHASES.toSorted());
    for (const phase of PURCHASE_PHASES) expect(IN_PHASE[phase].phase).toBe(phase);
  });

  const table = EVENTS.flatMap((type) =>
    PURCHASE_PHASES.map((phase) => ({ type, phase, next: TRANSITIONS[type][phase] })),
  );

  it.each(table.filter(({ next }) => next !== undefined))(
    '$type: $phase → $next',
    ({ type, phase, next }) => {
      const state = IN_PHASE[phase];
      expect(mayHappen(state, type)).toBe(true);
      const at = BEGUN + DAY;
      expect(advance(state, eventOf(type, at, PLAIN_WORDS), at).phase).toBe(next);
    },
  );

  it.each(table.filter(({ next }) => next === undefined))(
    '$type cannot happen in $phase',
    ({ type, phase }) => {
      const state = IN_PHASE[phase];
      expect(mayHappen(state, type)).toBe(false);
      const at = BEGUN + DAY;
      const impossible = () => advance(state, eventOf(type, at, PLAIN_WORDS), at);
      expect(impossible).toThrow(RangeError);
      expect(impossible).toThrow(`${type} cannot happen in phase ${phase}`);
    },
  );

  it.each<[ResumablePhase, readonly EventType[]]>([
    ['Placing', []],
    ['Confirming', ['OutcomeUnknown']],
    ['Provisioning', ['OrderPlaced']],
  ])('a purchase parked in %s goes on there', (phase, way) => {
    const parked = after(...way, 'Parked');
    expect(parked).toMatchObject({ phase: 'ActionRequired', resumesAs: phase });
    expect(after(...way, 'Parked', 'Resumed').phase).toBe(phase);
  });

  it.each(OPEN)('%s is open', (phase) => expect(isOpen(phase)).toBe(true));
  it.each(TERMINAL)('%s is final', (phase) => expect(isOpen(phase)).toBe(false));
});

describe('in every story', () => {
  it('nothing happens after the end', () => {
    whenever(isTerminal, ({ state, at }) => {
      for (const type of EVENTS) {
        expect(mayHappen(state, type)).toBe(false);
        expect(() => advance(state, eventOf(type, at, PLAIN_WORDS), at)).toThrow(RangeError);
      }
    });
  });

  it('the first subscription number the portal gave stays', () => {
    always(({ state }, story) => {
      expect(state.subscriptionNumber).toBe(truthAfter(story).firstNumber);
    });
  });

  it('the order is known to exist from the moment it was placed or found', () => {
    always(({ state }, story) => {
      const { placedAt } = truthAfter(story);
      expect(state.placedAt).toBe(placedAt);
      expect(isPlaced(state)).toBe(placedAt !== undefined);
    });
  });

  it('only an order that exists is provisioned, overdue or tracked', () => {
    whenever(
      ({ state }) => ['Provisioned', 'Overdue', 'Provisioning'].includes(state.phase),
      ({ state }) => expect(isPlaced(state)).toBe(true),
    );
  });

  it('the effect of a cancellation is the truth, and untold while that is not known', () => {
    always(({ state }, story) => {
      const { placedAt, absent } = truthAfter(story);
      const ended = TERMINAL.includes(state.phase);
      const effect = placedAt !== undefined ? 'too-late' : ended && absent ? 'not-placed' : undefined;
      expect(effectOf(state)).toBe(effect);
      expect(statusOf(state).cancellation?.effect).toBe(state.cancellation ? effect : undefined);
      expect(summaryOf(state, state.placedAt ?? BEGUN).order).toBe(
        { 'too-late': 'placed', 'not-placed': 'not-placed', none: 'unknown' }[effect ?? 'none'],
      );
    });
  });

  it('polls and posts are counted and never fewer', () => {
    always(({ before, event, state }) => {
      const sent = event.type === 'OrderPlaced' || event.type === 'OutcomeUnknown';
      expect(state.polls - before.polls).toBe(event.type === 'Polled' ? 1 : 0);
      expect(state.posts - before.posts).toBe(sent ? 1 : 0);
      expect(state.postsSinceRetry).toBeLessThanOrEqual(event.type === 'Resumed' ? 0 : state.posts);
    });
  });

  it('an unknown outcome is in doubt, from its POST until it is found out', () => {
    always(({ state }, story) => {
      expect(state.doubt !== undefined).toBe(truthAfter(story).inDoubt);
    });
  });

  it('there is a doubt whenever an outcome is being confirmed', () => {
    whenever(
      ({ state }) => state.phase === 'Confirming',
      ({ state }) => expect(state.doubt).toBeDefined(),
    );
  });

  it('a purchase knows where to go on exactly while it is parked', () => {
    always(({ state }) => {
      expect(state.resumesAs !== undefined).toBe(state.phase === 'ActionRequired');
    });
  });

  it('what a person must do is told while parked or after a bad end, and not otherwise', () => {
    always(({ state }) => {
      const asksForAction = ['ActionRequired', 'Failed', 'Overdue'].includes(state.phase);
      expect(state.actionRequired !== undefined).toBe(asksForAction);
    });
  });

  it('no call is announced by a purchase that waits for a person or for nothing', () => {
    whenever(
      (moment) => isTerminal(moment) || moment.state.phase === 'ActionRequired',
      ({ state }) => expect(state.nextPollAt).toBeUndefined(),
    );
  });

  it('a spell of trouble is what it was counted as', () => {
    whenever(
      ({ event }) => event.type === 'PortalTrouble',
      ({ state }) => expect(state.trouble).toEqual(TROUBLE),
    );
  });

  it('a spell of trouble is over with an answer, a POST or a pause', () => {
    const ends = new Set<EventType>([
      'Polled',
      'OrderPlaced',
      'OrderFound',
      'OrderNotFound',
      'OutcomeUnknown',
      'Parked',
    ]);
    whenever(
      ({ event }) => ends.has(event.type),
      ({ state }) => expect(state.trouble).toBeUndefined(),
    );
  });

  it('the state survives as JSON, as continue-as-new carries it', () => {
    always(({ state }) => {
      expect(JSON.parse(JSON.stringify(state))).toStrictEqual(state);
    });
  });

  it('an event changes no earlier state', () => {
    fc.assert(
      fc.property(steps, (story) => {
        const moments = play(story);
        const kept = moments.map(({ before }) => JSON.stringify(before));
        // Played again, from the same beginning: the same.
        expect(play(story).map(({ before }) => JSON.stringify(before))).toEqual(kept);
        expect(moments.map(({ before }) => JSON.stringify(before))).toEqual(kept);
      }),
      { numRuns: 30 },
    );
  });

  it('the status, the summary and the failure detail are what the contract says, and nothing more', () => {
    always(({ state, at }) => {
      const status = statusOf(state);
      // zod leaves out what it does not know: equal means that there is no more.
      expect(purchaseStatusSchema.parse(status)).toStrictEqual(status);
      const summary = summaryOf(state, at);
      expect(purchaseSummarySchema.parse(summary)).toStrictEqual(summary);
      const detail = failureDetailOf(state);
      expect(failureDetailSchema.parse(detail)).toStrictEqual(detail);
    });
  });

  it('there is a result when it is provisioned', () => {
    whenever(
      ({ state }) => state.phase === 'Provisioned',
      ({ state, at }) => {
        const result = resultOf(state);
        expect(purchaseResultSchema.parse(result)).toStrictEqual(result);
        expect(result.provisionedAt).toBe(new Date(at).toISOString());
        expect(result.polls).toBe(state.polls);
      },
    );
  });

  it('there is no result otherwise', () => {
    whenever(
      ({ state }) => state.phase !== 'Provisioned',
      ({ state }) => expect(() => resultOf(state)).toThrow(RangeError),
    );
  });
});

/** All entries a story ever added to its timeline, and the one it began with. */
function newsOf(story: readonly Moment[]): unknown[] {
  const first = story[0]?.before.timeline ?? [];
  const added = story.flatMap(({ before, state }) => {
    const last = state.timeline.at(-1);
    return state.timeline === before.timeline ? [] : [last];
  });
  return [...first, ...added];
}

describe('the timeline', () => {
  it('begins with the start', () => {
    expect(beginPurchase(IDS, BEGUN).timeline).toEqual([{ at: BEGUN, event: 'Started' }]);
  });

  it('holds at most 60 entries: the first 10 and the latest', () => {
    always(({ state }, story) => {
      const news = newsOf(story);
      expect(state.timeline.length).toBeLessThanOrEqual(60);
      expect(state.timeline).toEqual(news.length <= 60 ? news : [...news.slice(0, 10), ...news.slice(-50)]);
    });
  });

  it('ends with what was added last', () => {
    whenever(
      ({ before, state }) => state.timeline !== before.timeline,
      ({ event, state, at }) => expect(state.timeline.at(-1)).toMatchObject({ at, event: event.type }),
    );
  });

  it("is told of every change of phase, of the portal's status and of the wish to cancel", () => {
    whenever(
      ({ before, state }) =>
        state.phase !== before.phase ||
        state.portalStatus !== before.portalStatus ||
        state.cancellation !== before.cancellation,
      ({ event, state, at }) => expect(state.timeline.at(-1)).toMatchObject({ at, event: event.type }),
    );
  });

  it('never goes back in time', () => {
    always(({ state }) => {
      const moments = state.timeline.map(({ at }) => at);
      expect(moments).toEqual(moments.toSorted((one, other) => one - other));
    });
  });

  it.each<[string, readonly EventType[], EventType]>([
    ['a timer for a poll', ['OrderPlaced'], 'PollScheduled'],
    ['a timer for a look', ['OutcomeUnknown'], 'LookupScheduled'],
    ['a poll that says what the last one said', ['OrderPlaced', 'Polled'], 'Polled'],
    ['a second look that finds nothing', ['OutcomeUnknown', 'OrderNotFound'], 'OrderNotFound'],
    ['the same trouble again', ['PortalTrouble'], 'PortalTrouble'],
    ['a token in a spell of trouble', ['PortalTrouble'], 'TokenFetched'],
  ])('is not told of %s', (_what, way, type) => {
    expect(after(...way, type).timeline).toEqual(after(...way).timeline);
  });

  it('is told of trouble of another kind', () => {
    const state = after('PortalTrouble');
    const error: PurchaseError = { ...ERROR, type: 'RateLimited', message: 'called too often' };
    const next = advance(state, { type: 'PortalTrouble', error, trouble: TROUBLE }, BEGUN + DAY);
    expect(next.timeline.at(-1)).toEqual({
      at: BEGUN + DAY,
      event: 'PortalTrouble',
      detail: 'RateLimited: called too often',
    });
  });

  it.each<[EventType, readonly EventType[], string | undefined]>([
    ['TokenFetched', [], 'words'],
    ['OrderPlaced', [], 'A-S00012345'],
    ['OrderFound', ['OutcomeUnknown'], 'A-S00012345'],
    ['OutcomeUnknown', [], 'UnknownOutcome: the answer was lost'],
    ['OrderNotFound', ['OutcomeUnknown'], undefined],
    ['SettledAsNotPlaced', ['OutcomeUnknown'], undefined],
    ['PortalTrouble', [], 'UnknownOutcome: the answer was lost'],
    ['Polled', ['OrderPlaced'], 'Creating'],
    ['Parked', [], 'UnknownOutcome: the answer was lost'],
    ['Resumed', ['Parked'], undefined],
    ['CancelRequested', [], 'via signal: words'],
    ['Provisioned', ['OrderPlaced'], undefined],
    ['Failed', [], 'UnknownOutcome: the answer was lost'],
    ['Overdue', ['OrderPlaced'], 'UnknownOutcome: the answer was lost'],
    ['Cancelled', [], undefined],
  ])('tells of %s', (type, way, detail) => {
    expect(after(...way, type).timeline.at(-1)).toEqual({
      at: BEGUN + (way.length + 1) * HOUR,
      event: type,
      ...(detail !== undefined && { detail }),
    });
  });

  it('names no reason where none was given', () => {
    const wish = { requestedAt: BEGUN, via: 'temporal', stopsTracking: true } as const;
    const state = advance(after(), { type: 'CancelRequested', wish }, BEGUN);
    expect(state.timeline.at(-1)?.detail).toBe('via temporal');
  });
});

describe('details of transitions', () => {
  it('a refusal is kept in the doubt only when the portal refused', () => {
    const refusal = { ...ERROR, detail: { httpStatus: 422, refused: true } };
    const unknown = { type: 'OutcomeUnknown', settlingMs: DAY } as const;
    const lost = advance(after(), { ...unknown, error: ERROR }, BEGUN + 1);
    const refused = advance(after(), { ...unknown, error: refusal }, BEGUN + 1);
    const doubt = { since: BEGUN + 1, settlingMs: DAY, settledAt: BEGUN + 1 + DAY, lookups: 0 };
    expect(lost.doubt).toStrictEqual(doubt);
    expect(refused.doubt).toStrictEqual({ ...doubt, refusal });
  });

  it('an outage while an outcome is unknown makes it settle anew, also one that parked the purchase', () => {
    const doubted = after('OutcomeUnknown', 'OrderNotFound');
    const { settledAt = 0, settlingMs = 0 } = doubted.doubt ?? {};
    const at = settledAt + HOUR;
    const away: PurchaseError = { type: 'PortalUnavailable', message: '503', at };
    const troubled = advance(doubted, { type: 'PortalTrouble', error: away, trouble: TROUBLE }, at);
    expect(troubled.doubt?.settledAt).toBe(at + settlingMs);
    const park = { type: 'Parked', actionRequired: 'look', deadline: at + DAY } as const;
    const back = (error: PurchaseError) =>
      advance(advance(doubted, { ...park, error }, at), { type: 'Resumed' }, at + HOUR).doubt?.settledAt;
    expect(back(away)).toBe(at + HOUR + settlingMs);
    expect(back({ ...away, type: 'UnknownOutcome' })).toBe(settledAt);
  });

  it('a call that our own worker held back says nothing of when an outcome settles', () => {
    const doubted = after('OutcomeUnknown', 'OrderNotFound');
    const busy: PurchaseError = { type: 'RateLimited', message: 'too many calls wait', at: BEGUN + DAY };
    const event = { type: 'PortalTrouble', error: busy, trouble: TROUBLE, isOurs: true } as const;
    expect(advance(doubted, event, BEGUN + DAY).doubt).toEqual(doubted.doubt);
  });

  it('the first wish to cancel stands, and Temporal’s own ends the tracking whenever it comes', () => {
    const said = (state: PurchaseState, via: 'signal' | 'temporal', at: number) =>
      advance(
        state,
        { type: 'CancelRequested', wish: { requestedAt: at, via, stopsTracking: via === 'temporal' } },
        at,
      );
    const wished = said(after('OrderPlaced'), 'signal', BEGUN + DAY);
    expect(isCancelling(wished)).toBe(false);
    const stopped = said(wished, 'temporal', BEGUN + 2 * DAY);
    expect(stopped.cancellation).toEqual({ requestedAt: BEGUN + DAY, via: 'signal', stopsTracking: true });
    expect(isCancelling(stopped)).toBe(true);
    expect(statusOf(stopped).cancellation).toEqual({
      requestedAt: new Date(BEGUN + DAY).toISOString(),
      via: 'signal',
      effect: 'too-late',
    });
    expect(isCancelling(said(after(), 'signal', BEGUN + DAY))).toBe(true);
  });

  it('looks that find nothing are counted', () => {
    expect(after('OutcomeUnknown', 'OrderNotFound', 'OrderNotFound').doubt?.lookups).toBe(2);
  });

  it('a doubt is the same after a pause', () => {
    const doubted = after('OutcomeUnknown', 'OrderNotFound');
    expect(after('OutcomeUnknown', 'OrderNotFound', 'Parked', 'Resumed').doubt).toEqual(doubted.doubt);
  });

  it('POSTs are counted anew after a person asked to try again, and in all', () => {
    const state = after('OutcomeUnknown', 'SettledAsNotPlaced', 'OutcomeUnknown');
    expect(state).toMatchObject({ posts: 2, postsSinceRetry: 2 });
    expect(
      after('OutcomeUnknown', 'SettledAsNotPlaced', 'OutcomeUnknown', 'Parked', 'Resumed'),
    ).toMatchObject({
      posts: 2,
      postsSinceRetry: 0,
    });
  });

  it('the deadline of a park ends with it', () => {
    const parked = after('Parked');
    expect(parked.deadline).toBe(BEGUN + 2 * HOUR);
    expect(advance(parked, { type: 'Resumed' }, BEGUN + DAY)).not.toHaveProperty('deadline');
    expect(advance(parked, { type: 'Resumed', deadline: BEGUN + DAY }, BEGUN + DAY).deadline).toBe(
      BEGUN + DAY,
    );
  });

  it('the last error stays after it was overcome', () => {
    const state = after('PortalTrouble', 'OrderPlaced', 'Polled', 'Provisioned');
    expect(statusOf(state).lastError).toEqual({
      type: 'UnknownOutcome',
      message: 'the answer was lost',
      at: new Date(BEGUN + HOUR).toISOString(),
    });
  });

  it('a failure tells what a caller needs to go on', () => {
    const detail = { httpStatus: 422, retryAfterMs: 5 };
    const error: PurchaseError = { ...ERROR, type: 'ProvisioningFailed', detail };
    const failed = advance(
      after('OrderPlaced'),
      { type: 'Failed', error, actionRequired: 'call GitLab' },
      BEGUN + DAY,
    );
    expect(failureDetailOf(failed)).toStrictEqual({
      ...detail,
      ...IDS,
      phase: 'Failed',
      subscriptionNumber: 'A-S00012345',
      actionRequired: 'call GitLab',
    });
  });

  it('a purchase that ended in doubt does not say that nothing was placed', () => {
    expect(effectOf(after('OutcomeUnknown', 'Cancelled'))).toBeUndefined();
    expect(effectOf(after('OutcomeUnknown', 'Parked', 'Failed'))).toBeUndefined();
    expect(effectOf(after('Cancelled'))).toBeUndefined();
    expect(effectOf(after('OrderNotFound', 'Cancelled'))).toBe('not-placed');
    expect(effectOf(after('OutcomeUnknown', 'SettledAsNotPlaced', 'Cancelled'))).toBe('not-placed');
    expect(effectOf(after('OrderPlaced', 'Cancelled'))).toBe('too-late');
  });
});
