import type { FailureType, PurchaseIds, PurchasePhase } from '../src/contract/names.js';
import type {
  Cancellation,
  FailureDetail,
  PurchaseResult,
  PurchaseStatus,
  PurchaseSummary,
} from '../src/contract/purchase.js';
import type { Trouble } from './trouble.js';

/**
 * Where a purchase stands, and how it moves. Pure: nothing here waits, calls or knows the time.
 * Moments are milliseconds since the epoch.
 */
export interface PurchaseState {
  readonly ids: PurchaseIds;
  readonly phase: PurchasePhase;
  readonly subscriptionNumber?: string;
  readonly portalStatus?: string;
  readonly polls: number;
  readonly nextPollAt?: number;
  /** When the order was first known to exist. */
  readonly placedAt?: number;
  readonly provisionedAt?: number;
  readonly deadline?: number;
  readonly cancellation?: CancellationWish;
  readonly lastError?: PurchaseError;
  readonly actionRequired?: string;
  /** Where a parked purchase goes on when a person says so. */
  readonly resumesAs?: ResumablePhase;
  /** Whether the portal said that it has no such order, and none was sent since. */
  readonly knownAbsent: boolean;
  /** Present while it is not known whether a POST placed the order. */
  readonly doubt?: Doubt;
  /** Whether the order is another than the run was started with. */
  readonly amended?: boolean;
  /** POSTs that may have reached the portal. */
  readonly posts: number;
  /** The same, since a person last asked to try again. */
  readonly postsSinceRetry: number;
  /** Present while the portal cannot be reached, or answers what cannot be used. */
  readonly trouble?: Trouble;
  readonly timeline: readonly TimelineEntry[];
}

export type ResumablePhase = 'Placing' | 'Confirming' | 'Provisioning';

function isResumable(phase: PurchasePhase): phase is ResumablePhase {
  return phase === 'Placing' || phase === 'Confirming' || phase === 'Provisioning';
}

export interface CancellationWish {
  readonly requestedAt: number;
  readonly via: Cancellation['via'];
  readonly reason?: string;
  /** Whether Temporal's own cancellation was asked for: it ends the tracking of an order that exists too. */
  readonly stopsTracking: boolean;
}

/** Something that went wrong, as it may be shown to anyone. */
export interface PurchaseError {
  readonly type: FailureType;
  readonly message: string;
  readonly at: number;
  readonly detail?: FailureDetail;
}

/** What is not known of a POST. */
export interface Doubt {
  readonly since: number;
  /** How long the portal must go on saying "not found", in milliseconds. */
  readonly settlingMs: number;
  /** When an order that did not turn up is believed not to exist. */
  readonly settledAt: number;
  /** How often the portal was asked and answered "not found". */
  readonly lookups: number;
  /** The refusal that a second POST met, and that may only mean "exists already". */
  readonly refusal?: PurchaseError;
}

export interface TimelineEntry {
  readonly at: number;
  readonly event: string;
  readonly detail?: string;
}

/** What can happen to a purchase. */
export type PurchaseEvent =
  | { readonly type: 'TokenFetched'; readonly detail: string }
  | {
      readonly type: 'OrderPlaced' | 'OrderFound';
      readonly subscriptionNumber?: string;
      readonly deadline: number;
    }
  | {
      readonly type: 'OutcomeUnknown';
      readonly error: PurchaseError;
      readonly settlingMs: number;
    }
  | { readonly type: 'LookupScheduled'; readonly nextPollAt: number }
  | { readonly type: 'OrderNotFound'; readonly settlingMs?: number }
  /** What was known of an order that does not exist counts no more. */
  | { readonly type: 'OrderUncertain' }
  | { readonly type: 'SettledAsNotPlaced' }
  | {
      readonly type: 'PortalTrouble';
      readonly error: PurchaseError;
      readonly trouble: Trouble;
      /** The portal was not even called, for reasons of our own: it may have been there all the time. */
      readonly isOurs?: true;
      readonly nextPollAt?: number;
    }
  | { readonly type: 'PollScheduled'; readonly nextPollAt: number }
  | { readonly type: 'Polled'; readonly portalStatus: string; readonly subscriptionNumber?: string }
  | {
      readonly type: 'Parked';
      readonly error: PurchaseError;
      readonly actionRequired: string;
      readonly deadline: number;
    }
  | { readonly type: 'OrderAmended' }
  | { readonly type: 'Resumed'; readonly deadline?: number }
  | { readonly type: 'CancelRequested'; readonly wish: CancellationWish }
  | { readonly type: 'Provisioned' }
  | { readonly type: 'Failed'; readonly error: PurchaseError; readonly actionRequired: string }
  | { readonly type: 'Overdue'; readonly error: PurchaseError; readonly actionRequired: string }
  | { readonly type: 'Cancelled' };

const OPEN_PHASES: ReadonlySet<PurchasePhase> = new Set([
  'Placing',
  'Confirming',
  'Provisioning',
  'ActionRequired',
]);

/** Whether the purchase still has a way to go. */
export function isOpen(phase: PurchasePhase): boolean {
  return OPEN_PHASES.has(phase);
}

/** Whether the order is known to exist at the portal. */
export function isPlaced(state: PurchaseState): boolean {
  return state.placedAt !== undefined;
}

/** A purchase that has just begun. */
export function beginPurchase(ids: PurchaseIds, at: number): PurchaseState {
  return {
    ids,
    phase: 'Placing',
    polls: 0,
    knownAbsent: false,
    posts: 0,
    postsSinceRetry: 0,
    timeline: [{ at, event: 'Started' }],
  };
}

/** From which phases an event may come. Those not listed may come in every open phase. */
const COMES_IN: Partial<Record<PurchaseEvent['type'], readonly PurchasePhase[]>> = {
  TokenFetched: ['Placing'],
  OrderPlaced: ['Placing'],
  OrderFound: ['Placing', 'Confirming'],
  OutcomeUnknown: ['Placing'],
  LookupScheduled: ['Confirming'],
  OrderNotFound: ['Placing', 'Confirming', 'ActionRequired'],
  OrderUncertain: ['Placing', 'ActionRequired'],
  SettledAsNotPlaced: ['Confirming'],
  PortalTrouble: ['Placing', 'Confirming', 'Provisioning'],
  PollScheduled: ['Provisioning'],
  Polled: ['Provisioning'],
  Parked: ['Placing', 'Confirming', 'Provisioning'],
  OrderAmended: ['ActionRequired'],
  Resumed: ['ActionRequired'],
  Provisioned: ['Provisioning'],
  Overdue: ['Provisioning'],
};

/** Whether an event can happen to a purchase where it stands. */
export function mayHappen(state: PurchaseState, type: PurchaseEvent['type']): boolean {
  return isOpen(state.phase) && (COMES_IN[type]?.includes(state.phase) ?? true);
}

/**
 * The purchase after an event.
 *
 * @throws RangeError when the event cannot happen to a purchase where it stands: a mistake in the caller.
 */
export function advance(state: PurchaseState, event: PurchaseEvent, at: number): PurchaseState {
  if (!mayHappen(state, event.type))
    throw new RangeError(`${event.type} cannot happen in phase ${state.phase}`);
  return withTimeline(transition(state, event, at), event, at, state);
}

function transition(state: PurchaseState, event: PurchaseEvent, at: number): PurchaseState {
  switch (event.type) {
    case 'TokenFetched': {
      const { nextPollAt: _past, ...rest } = state;
      return rest;
    }
    case 'OrderPlaced':
    case 'OrderFound': {
      const { doubt: _settled, trouble: _over, nextPollAt: _none, ...rest } = state;
      return withNumber(
        {
          ...rest,
          phase: 'Provisioning',
          placedAt: at,
          deadline: event.deadline,
          posts: event.type === 'OrderPlaced' ? state.posts + 1 : state.posts,
        },
        event.subscriptionNumber,
      );
    }
    case 'OutcomeUnknown': {
      const { trouble: _over, nextPollAt: _none, ...rest } = state;
      return {
        ...rest,
        phase: 'Confirming',
        knownAbsent: false,
        doubt: {
          since: at,
          settlingMs: event.settlingMs,
          settledAt: at + event.settlingMs,
          lookups: 0,
          ...(event.error.detail?.refused === true && { refusal: event.error }),
        },
        posts: state.posts + 1,
        postsSinceRetry: state.postsSinceRetry + 1,
        lastError: event.error,
      };
    }
    case 'OrderNotFound': {
      const { nextPollAt: _past, trouble: _over, ...rest } = state;
      // While an outcome is in doubt, a 404 may be lag: only the settling window makes it knowledge.
      if (state.doubt === undefined) return { ...rest, knownAbsent: true };
      const { doubt } = state;
      const settledAt = Math.max(doubt.settledAt, at + (event.settlingMs ?? 0));
      return { ...rest, doubt: { ...doubt, settledAt, lookups: doubt.lookups + 1 } };
    }
    case 'OrderUncertain':
      return { ...state, knownAbsent: false };
    case 'SettledAsNotPlaced': {
      const { doubt: _settled, ...rest } = state;
      return { ...rest, phase: 'Placing', knownAbsent: true };
    }
    case 'PortalTrouble':
      return {
        ...state,
        lastError: event.error,
        trouble: event.trouble,
        ...(state.doubt && event.isOurs !== true && { doubt: settlingAnew(state.doubt, at) }),
        ...(event.nextPollAt !== undefined && { nextPollAt: event.nextPollAt }),
      };
    case 'LookupScheduled':
    case 'PollScheduled':
      return { ...state, nextPollAt: event.nextPollAt };
    case 'Polled': {
      const { nextPollAt: _past, trouble: _over, ...rest } = state;
      return withNumber(
        { ...rest, portalStatus: event.portalStatus, polls: state.polls + 1 },
        event.subscriptionNumber,
      );
    }
    case 'Parked': {
      const { nextPollAt: _none, trouble: _over, ...rest } = state;
      return {
        ...rest,
        phase: 'ActionRequired',
        knownAbsent: state.knownAbsent || isRefused(event.error),
        lastError: event.error,
        actionRequired: event.actionRequired,
        ...(isResumable(state.phase) && { resumesAs: state.phase }),
        deadline: event.deadline,
      };
    }
    case 'OrderAmended':
      return { ...state, amended: true, knownAbsent: true };
    case 'Resumed': {
      const { resumesAs, actionRequired: _done, deadline: _parked, ...rest } = state;
      return {
        ...rest,
        phase: resumesAs ?? 'Placing',
        postsSinceRetry: 0,
        // It was parked because the portal did not answer: nothing has settled meanwhile.
        ...(state.doubt &&
          state.lastError?.type !== 'UnknownOutcome' && { doubt: settlingAnew(state.doubt, at) }),
        ...(event.deadline !== undefined && { deadline: event.deadline }),
      };
    }
    case 'CancelRequested':
      return { ...state, cancellation: joined(state.cancellation, event.wish) };
    case 'Provisioned':
      return { ...ended(state), phase: 'Provisioned', provisionedAt: at };
    case 'Failed':
      return {
        ...ended(state),
        phase: 'Failed',
        knownAbsent: state.knownAbsent || isRefused(event.error),
        lastError: event.error,
        actionRequired: event.actionRequired,
      };
    case 'Overdue':
      return {
        ...ended(state),
        phase: 'Overdue',
        lastError: event.error,
        actionRequired: event.actionRequired,
      };
    case 'Cancelled':
      return { ...ended(state), phase: 'Cancelled' };
  }
}

/** A portal that was away may show late what it took: the window counts from when it was last away. */
function settlingAnew(doubt: Doubt, at: number): Doubt {
  return { ...doubt, settledAt: Math.max(doubt.settledAt, at + doubt.settlingMs) };
}

/** The first wish stands; that the tracking is to end counts whenever it is said. */
function joined(first: CancellationWish | undefined, wish: CancellationWish): CancellationWish {
  return first === undefined ? wish : { ...first, stopsTracking: first.stopsTracking || wish.stopsTracking };
}

/** Whether a wish to cancel can still do something: no order is known to exist, or its tracking is to end. */
export function isCancelling({ cancellation, placedAt }: PurchaseState): boolean {
  return cancellation !== undefined && (cancellation.stopsTracking || placedAt === undefined);
}

/** An ended purchase waits for nothing. */
function ended(state: PurchaseState): PurchaseState {
  const { nextPollAt: _none, deadline: _past, actionRequired: _done, resumesAs: _never, ...rest } = state;
  return rest;
}

/** The first number the portal gave stays. */
function withNumber(state: PurchaseState, subscriptionNumber: string | undefined): PurchaseState {
  const number = state.subscriptionNumber ?? subscriptionNumber;
  return number === undefined ? state : { ...state, subscriptionNumber: number };
}

/** The first entries tell how it began, the last ones where it stands. */
const TIMELINE_HEAD = 10;
const TIMELINE_LENGTH = 60;

function withTimeline(
  state: PurchaseState,
  event: PurchaseEvent,
  at: number,
  before: PurchaseState,
): PurchaseState {
  if (!isNews(event, before)) return state;
  const detail = detailOf(event);
  const timeline = [...state.timeline, { at, event: event.type, ...(detail !== undefined && { detail }) }];
  if (timeline.length > TIMELINE_LENGTH) timeline.splice(TIMELINE_HEAD, 1);
  return { ...state, timeline };
}

/** A poll that says what the last one said, or a timer, is no news. */
function isNews(event: PurchaseEvent, before: PurchaseState): boolean {
  switch (event.type) {
    case 'PollScheduled':
    case 'LookupScheduled':
    case 'OrderUncertain':
      return false;
    case 'Polled':
      return event.portalStatus !== before.portalStatus;
    case 'TokenFetched':
      return before.trouble === undefined;
    case 'OrderNotFound':
      return (before.doubt?.lookups ?? 0) === 0;
    case 'PortalTrouble':
      return before.trouble === undefined || before.lastError?.type !== event.error.type;
    default:
      return true;
  }
}

function detailOf(event: PurchaseEvent): string | undefined {
  switch (event.type) {
    case 'TokenFetched':
      return event.detail;
    case 'OrderPlaced':
    case 'OrderFound':
      return event.subscriptionNumber;
    case 'Polled':
      return event.portalStatus;
    case 'OutcomeUnknown':
    case 'PortalTrouble':
    case 'Parked':
    case 'Failed':
    case 'Overdue':
      return `${event.error.type}: ${event.error.message}`;
    case 'CancelRequested':
      return [`via ${event.wish.via}`, event.wish.reason].filter(Boolean).join(': ');
    default:
      return undefined;
  }
}

/** What a wish to cancel came to; `undefined` while that is not known. */
export function effectOf(state: PurchaseState): Cancellation['effect'] {
  if (isPlaced(state)) return 'too-late';
  // A run that ended in doubt, or without having asked, must not say that nothing was placed.
  if (isOpen(state.phase) || state.doubt !== undefined) return undefined;
  return state.knownAbsent ? 'not-placed' : undefined;
}

/** Each try looks before it places: an order that is refused is not there. */
function isRefused(error: PurchaseError): boolean {
  return error.type === 'OrderRejected';
}

/** What the `status` query answers. */
export function statusOf(state: PurchaseState): PurchaseStatus {
  const { ids, phase, subscriptionNumber, portalStatus, polls, nextPollAt, deadline, cancellation } = state;
  const effect = effectOf(state);
  return {
    phase,
    ...ids,
    ...(subscriptionNumber !== undefined && { subscriptionNumber }),
    ...(portalStatus !== undefined && { portalStatus }),
    polls,
    ...(nextPollAt !== undefined && { nextPollAt: iso(nextPollAt) }),
    ...(deadline !== undefined && { deadline: iso(deadline) }),
    ...(cancellation && {
      cancellation: {
        requestedAt: iso(cancellation.requestedAt),
        via: cancellation.via,
        ...(cancellation.reason !== undefined && { reason: cancellation.reason }),
        ...(effect !== undefined && { effect }),
      },
    }),
    ...(state.lastError && { lastError: publicError(state.lastError) }),
    ...(state.actionRequired !== undefined && { actionRequired: state.actionRequired }),
    timeline: state.timeline.map((entry) => ({ ...entry, at: iso(entry.at) })),
  };
}

const KNOWN_ORDER = { 'too-late': 'placed', 'not-placed': 'not-placed', unknown: 'unknown' } as const;

/** What the memo keeps. */
export function summaryOf(state: PurchaseState, at: number): PurchaseSummary {
  const { phase, portalStatus, deadline, cancellation, lastError, actionRequired } = statusOf(state);
  return {
    phase,
    ...(portalStatus !== undefined && { portalStatus }),
    ...(deadline !== undefined && { deadline }),
    ...(cancellation && { cancellation }),
    ...(lastError && { lastError }),
    ...(actionRequired !== undefined && { actionRequired }),
    at: iso(at),
    order: KNOWN_ORDER[effectOf(state) ?? 'unknown'],
    ...(state.amended === true && { amended: true }),
  };
}

/** What a provisioned purchase ends with. */
export function resultOf(state: PurchaseState): PurchaseResult {
  if (state.placedAt === undefined || state.provisionedAt === undefined) {
    throw new RangeError(`a purchase in phase ${state.phase} has no result`);
  }
  return {
    outcome: 'Provisioned',
    ...(state.subscriptionNumber !== undefined && { subscriptionNumber: state.subscriptionNumber }),
    ...state.ids,
    placedAt: iso(state.placedAt),
    provisionedAt: iso(state.provisionedAt),
    polls: state.polls,
  };
}

/** The first detail of the failure an ended purchase throws. */
export function failureDetailOf(state: PurchaseState): FailureDetail {
  return {
    ...state.lastError?.detail,
    ...state.ids,
    phase: state.phase,
    ...(state.subscriptionNumber !== undefined && { subscriptionNumber: state.subscriptionNumber }),
    ...(state.actionRequired !== undefined && { actionRequired: state.actionRequired }),
  };
}

function publicError({ type, message, at }: PurchaseError): NonNullable<PurchaseStatus['lastError']> {
  return { type, message, at: iso(at) };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
