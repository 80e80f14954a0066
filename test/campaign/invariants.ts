import { z } from 'zod';
import { PortalOutcomeUnknownError, PortalRefusedError } from '../../src/portal/index.js';
import type { JournalEntry } from '../../src/simulator/journal.js';
import { PERSONAL } from './customer.js';
import type { Answer, Evidence } from './evidence.js';

/** What must hold of every run, whatever happened to it: what is wrong, in words. */
type Invariant = (evidence: Evidence) => string[];

/** Calls of one purchase in any minute of the simulator's clock; four messages may each cause some more. */
const MOST_CALLS_A_MINUTE = 60;

/** A timeline that was not cut has fewer entries. */
const TIMELINE_LENGTH = 60;

const MINUTE = 60_000;

const cancelAnswer = z.object({ effect: z.string(), subscriptionNumber: z.string().optional() });
const placedAnswer = z.object({ phase: z.string(), subscriptionNumber: z.string().optional() });
const resultAnswer = z.object({ subscriptionNumber: z.string().optional() });

const atMostOneOrder: Invariant = ({ orders }) =>
  orders.length > 1 ? [`${orders.length} orders exist: ${numbersOf(orders)}`] : [];

/** What each end promises about the order. */
const theEndIsTrue: Invariant = (evidence) => {
  const { ending, orders } = evidence;
  switch (ending.runStatus) {
    case 'COMPLETED':
      return [
        ...expectOrders(evidence, 1),
        ...expectPortal(evidence, 'Provisioned'),
        ...expectNumber(evidence, resultAnswer.safeParse(ending.result).data?.subscriptionNumber),
      ];
    case 'FAILED':
      return theFailureIsTrue(evidence);
    case 'CANCELLED':
      return theCancellationIsTrue(evidence);
    default:
      return orders.length > 1 ? [`it is ${ending.runStatus}`] : [];
  }
};

function theFailureIsTrue(evidence: Evidence): string[] {
  const { failureType } = evidence.ending;
  switch (failureType) {
    case 'OrderRejected':
      return expectOrders(evidence, 0);
    case 'ProvisioningFailed':
      return [...expectOrders(evidence, 1), ...expectPortal(evidence, 'Failed')];
    case 'ProvisioningOverdue':
      return expectOrders(evidence, 1);
    case 'ParkExpired':
      return theMemoIsTrue(evidence);
    default:
      return [`it failed with ${failureType}`];
  }
}

function theCancellationIsTrue(evidence: Evidence): string[] {
  const { ending } = evidence;
  if (ending.status === undefined) return [];
  const { cancellation } = ending.status;
  if (cancellation === undefined) return ['it is Canceled, and nobody wished it'];
  const { effect } = cancellation;
  if (effect === 'not-placed') return expectOrders(evidence, 0);
  if (effect === 'too-late') {
    return [...expectOrders(evidence, 1), ...expectNumber(evidence, ending.subscriptionNumber)];
  }
  return theMemoIsTrue(evidence);
}

function theMemoIsTrue(evidence: Evidence): string[] {
  switch (evidence.ending.summary?.order) {
    case 'placed':
      return expectOrders(evidence, 1);
    case 'not-placed':
      return expectOrders(evidence, 0);
    default:
      return [];
  }
}

function expectOrders({ ending, orders }: Evidence, count: number): string[] {
  const end = `${ending.runStatus} ${ending.failureType ?? ending.summary?.order ?? ''}`;
  return orders.length === count ? [] : [`${end}: ${count} orders were to be there, not ${orders.length}`];
}

function expectPortal({ portalStatus }: Evidence, status: string): string[] {
  return portalStatus === status ? [] : [`the portal says ${portalStatus}, not ${status}`];
}

function expectNumber(evidence: Evidence, told: string | undefined): string[] {
  const { orders } = evidence;
  if (told === orders[0]?.subscriptionNumber) return [];
  // Nothing else than an order that was taken with an answer that has no number can be followed without one.
  if (told === undefined && !everToldNumber(evidence)) return [];
  return [`it says the number is ${told}, but it is ${orders[0]?.subscriptionNumber}`];
}

/** Whether any answer that a client took for one had the number. */
function everToldNumber({ heard }: Evidence): boolean {
  return heard?.some(({ answer }) => resultAnswer.safeParse(answer).data?.subscriptionNumber) ?? true;
}

const notPlacedIsTrue: Invariant = (evidence) => [
  ...evidence.answers.flatMap((answer) => {
    const isSaid = cancelAnswer.safeParse(answer.value).data?.effect === 'not-placed';
    // Nothing may come after that either: it is the end of the purchase.
    return isSaid && evidence.orders.length > 0
      ? [`${answer.to} was answered not-placed, and ${numbersOf(evidence.orders)} exists`]
      : [];
  }),
  ...evidence.observations.flatMap(({ status, summary, ordersBefore }) => {
    const isSaid = status.cancellation?.effect === 'not-placed' || summary?.order === 'not-placed';
    return isSaid && ordersBefore > 0 ? [`in ${status.phase} it said not-placed while an order existed`] : [];
  }),
];

const tooLateIsTrue: Invariant = ({ answers, observations }) => [
  ...answers.flatMap((answer) => {
    const isSaid = cancelAnswer.safeParse(answer.value).data?.effect === 'too-late';
    return isSaid && answer.ordersAfter.length === 0
      ? ['cancelPurchase was answered too-late without an order']
      : [];
  }),
  ...observations.flatMap(({ status, summary, ordersAfter }) => {
    const isSaid = status.cancellation?.effect === 'too-late' || summary?.order === 'placed';
    return isSaid && ordersAfter.length === 0 ? [`in ${status.phase} it said placed without an order`] : [];
  }),
];

/** A number that is told anywhere is the order's. */
const numbersAreTrue: Invariant = ({ answers, observations }) => [
  ...answers.flatMap(({ to, value, ordersAfter }) => {
    const told = placedAnswer.safeParse(value).data?.subscriptionNumber;
    return told === undefined || ordersAfter.includes(told) ? [] : [`${to} was answered the number ${told}`];
  }),
  ...observations.flatMap(({ status: { subscriptionNumber: told }, ordersAfter }) =>
    told === undefined || ordersAfter.includes(told) ? [] : [`the status told the number ${told}`],
  ),
];

const everyPurchaseEnds: Invariant = ({ ending }) =>
  ending.runStatus === 'RUNNING' ? [`it goes on and on in ${ending.status?.phase}`] : [];

/** Also of a run that has ended: a worker replays its history for it. */
const whoAsksIsAnswered: Invariant = ({ ending }) =>
  ending.status === undefined ? ['its status is not answered at the end'] : [];

const whatIsParkedSaysWhy: Invariant = ({ observations }) =>
  observations.flatMap(({ status, summary }) => {
    if (status.phase !== 'ActionRequired') return [];
    const says = status.lastError && status.actionRequired && status.deadline;
    const inMemo = summary?.phase !== 'ActionRequired' || (summary.lastError && summary.actionRequired);
    return says && inMemo ? [] : ['it is parked and does not say why and what to do'];
  });

/** A 401 took nothing: the call is repeated at once with a new token. */
const noPostWithoutALook: Invariant = ({ journal }) => {
  const wrong: string[] = [];
  let last: JournalEntry | undefined;
  for (const entry of journal) {
    if (entry.status === 401 || (entry.call !== 'place' && entry.call !== 'find')) continue;
    if (entry.call === 'place' && last?.call !== 'find')
      wrong.push(`a POST came without a GET before it (${entry.at})`);
    last = entry;
  }
  return wrong;
};

/** A look counts only when the portal said that it has none. */
const noPostUnlessNotFound: Invariant = ({ journal, lostTries }) => {
  // The look of a worker that was lost and came back may be older than the last one.
  if (lostTries > 0) return [];
  const wrong: string[] = [];
  let look: JournalEntry['status'] | undefined;
  for (const { call, status, at } of journal) {
    if (call === 'find' && status !== 401) look = status;
    if (call === 'place' && status !== 401 && look !== 404)
      wrong.push(`a POST came after a GET with ${look} (${at})`);
  }
  return wrong;
};

const waitingNeverSpins: Invariant = ({ journal }) => {
  const times = journal.map(({ at }) => at);
  const first = times.findIndex((at, n) => (times[n + MOST_CALLS_A_MINUTE] ?? Infinity) - at < MINUTE);
  return first < 0 ? [] : [`more than ${MOST_CALLS_A_MINUTE} calls in the minute from ${times[first]}`];
};

const nothingSecretIsWritten: Invariant = ({ texts, secrets }) =>
  [...texts].flatMap(([where, text]) => [
    ...secrets
      .filter((secret) => text.includes(secret))
      .map((secret) => `${where} has the secret ${secret.slice(0, 4)}…`),
    ...(/Bearer [\w\-.~+/]{16,}/.test(text) ? [`${where} has a bearer token`] : []),
  ]);

/** In the history stands the order, which is the workflow's input. */
const nothingPersonalIsShown: Invariant = ({ texts }) =>
  [...texts].flatMap(([where, text]) =>
    where === 'history'
      ? []
      : PERSONAL.filter((value) => text.toLowerCase().includes(value.toLowerCase())).map(
          (value) => `${where} has "${value}"`,
        ),
  );

const theTimelineTellsOfTheOrder: Invariant = (evidence) => {
  const { ending, orders } = evidence;
  const events = eventsOf(evidence);
  const begun = events.filter((event) => event === 'OrderPlaced' || event === 'OrderFound');
  if (begun.length > 1) return [`the order came to be ${begun.length} times: ${events.join(' ')}`];
  if (begun.length === 1 && orders.length === 0)
    return [`the timeline has ${begun[0]}, the portal has nothing`];
  const isKnown = ending.summary?.order === 'placed';
  return isKnown && !isCut(evidence) && begun.length === 0
    ? ['the order is known, but not in the timeline']
    : [];
};

const settledIsTrue: Invariant = ({ ending, orders }) =>
  (ending.status?.timeline ?? []).flatMap(({ event, at }) => {
    const early = orders.filter(({ createdAt }) => createdAt < Date.parse(at));
    return event === 'SettledAsNotPlaced' && early.length > 0
      ? [`at ${at} it was settled that no order exists; ${numbersOf(early)} existed`]
      : [];
  });

/** Only a purchase that began once tells the whole story. */
const everyUnknownOutcomeIsTold: Invariant = (evidence) => {
  const { heard, journal, lostTries, runs } = evidence;
  if (heard === undefined || runs > 1 || isCut(evidence) || evidence.ending.status === undefined) return [];
  const posts = heard.filter(({ call }) => call === 'placeOrder');
  const unknown = posts.filter(({ error }) => error instanceof PortalOutcomeUnknownError).length;
  const refused = posts.filter(({ error }) => error instanceof PortalRefusedError).length;
  const told = eventsOf(evidence).filter((event) => event === 'OutcomeUnknown').length;
  // A refusal may mean that the order exists; a worker that was lost may have heard something before or after.
  const isTold = told >= unknown - lostTries && told <= unknown + refused + lostTries;
  const vague = journal.filter(isVaguePost).length;
  return [
    ...(isTold
      ? []
      : [`${unknown} unknown outcomes, ${refused} refusals, ${lostTries} lost: told ${told} times`]),
    ...(vague > unknown ? [`${vague} POSTs had no clear answer, and ${unknown} were taken so`] : []),
  ];
};

/** As the journal has it: whatever became of the order, the caller cannot know. */
function isVaguePost({ call, status }: JournalEntry): boolean {
  if (call !== 'place') return false;
  if (status === 'dropped' || status === 'pending') return status === 'dropped';
  return status >= 500 || status === 408 || (status >= 300 && status < 400);
}

const provisionedWasSaid: Invariant = (evidence) => {
  const { heard, ending } = evidence;
  if (heard === undefined || !eventsOf(evidence).includes('Provisioned')) return [];
  const last = heard.findLast(
    ({ call, answer }) => call === 'findSubscription' && answer !== undefined,
  )?.answer;
  const said = z.object({ status: z.string() }).safeParse(last).data?.status;
  const portalStatus = ending.status?.portalStatus;
  return said === 'Provisioned' && portalStatus === said
    ? []
    : [`Provisioned, but the portal last said ${said}`];
};

/** Whoever asks is answered what the purchase came to, never that it ended meanwhile. */
const everyCallerIsAnswered: Invariant = ({ answers, ending, runs }) => {
  // The campaign itself ended it in the middle of a doubt.
  if (ending.runStatus === 'HALTED' && ending.status?.phase === 'Confirming') return [];
  return answers.flatMap(({ to, failure }) => {
    if (failure === undefined || runs > 1) return [];
    const isAnswered = failure.type === 'NotFound' || /^[A-Z][A-Za-z]+$/.test(failure.type);
    const isForgotten = /AcceptedUpdateCompletedWorkflow|completed before the Update/i.test(
      `${failure.type} ${failure.message}`,
    );
    return isAnswered && !isForgotten ? [] : [`${to} was answered ${failure.type}: ${failure.message}`];
  });
};

const otherOrdersAreRefused: Invariant = ({ answers }) =>
  answers.flatMap((answer) =>
    answer.to === 'orderPlaced other' && !isRefusal(answer)
      ? [`another order was answered ${JSON.stringify(answer.value ?? answer.failure)}`]
      : [],
  );

function isRefusal({ failure }: Answer): boolean {
  return failure?.type === 'OrderConflict' || failure?.type === 'NotFound';
}

const theHistoryReplays: Invariant = ({ replayError }) => (replayError === undefined ? [] : [replayError]);

function eventsOf({ ending }: Evidence): string[] {
  return (ending.status?.timeline ?? []).map(({ event }) => event);
}

function isCut({ ending }: Evidence): boolean {
  return (ending.status?.timeline.length ?? TIMELINE_LENGTH) >= TIMELINE_LENGTH;
}

function numbersOf(orders: Evidence['orders']): string {
  return orders
    .map(
      ({ subscriptionNumber, createdAt }) => `${subscriptionNumber} (${new Date(createdAt).toISOString()})`,
    )
    .join(', ');
}

/** All of them, by the names that a failure prints. */
const INVARIANTS: Readonly<Record<string, Invariant>> = {
  atMostOneOrder,
  theEndIsTrue,
  notPlacedIsTrue,
  tooLateIsTrue,
  numbersAreTrue,
  everyPurchaseEnds,
  whoAsksIsAnswered,
  whatIsParkedSaysWhy,
  noPostWithoutALook,
  noPostUnlessNotFound,
  waitingNeverSpins,
  nothingSecretIsWritten,
  nothingPersonalIsShown,
  theTimelineTellsOfTheOrder,
  settledIsTrue,
  everyUnknownOutcomeIsTold,
  provisionedWasSaid,
  everyCallerIsAnswered,
  otherOrdersAreRefused,
  theHistoryReplays,
};

/** What a run violates: `name: what is wrong`. */
export function violationsOf(evidence: Evidence): string[] {
  return Object.entries(INVARIANTS).flatMap(([name, invariant]) =>
    [...new Set(invariant(evidence))].map((wrong) => `${name}: ${wrong}`),
  );
}
