import { NOT_PERMITTED_STATUS, subscriptionNumberIn } from '../contract/assumptions.js';
import { GITLAB_CONTACT, type HeldCode } from '../contract/names.js';
import { subscriptionAnswerSchema } from '../contract/portal-answers.js';
import {
  PortalNotPermittedError,
  PortalOutcomeUnknownError,
  PortalRefusedError,
  PortalThrottledError,
  PortalUnavailableError,
  PortalUnreadableError,
} from './errors.js';
import type { Answer, Call, NoAnswer } from './exchange.js';

/** What became of a call. The functions here say what it means for the order. */
export type Outcome = Answer | NoAnswer;

export interface PlacedOrder {
  /** Absent when the portal's answer has none: the order exists all the same. */
  readonly subscriptionNumber?: string;
}

export interface FoundSubscription extends PlacedOrder {
  /** The portal's own word for where the order stands. */
  readonly status: string;
}

/** What the answer to the POST of an order means. Whatever is not surely "no" counts as unknown. */
export function judgeOrder(call: Call, outcome: Outcome): PlacedOrder {
  if (outcome.status === undefined) {
    if (!outcome.sent) throw unreachable(call, outcome);
    throw unknownOutcome(`${call.name}: the answer was lost (${outcome.code})`, outcome);
  }
  throwIfDenied(call, outcome);
  if (isRefusal(outcome.status)) throw new PortalRefusedError(answered(call, outcome), outcome);
  if (!isSuccess(outcome.status)) throw unknownOutcome(answered(call, outcome), outcome);
  const body = jsonObject(outcome.text);
  if (body === undefined) throw unknownOutcome(unreadable(call, outcome), outcome);
  return numberIn(body);
}

/** What the answer to the GET of a subscription means: `undefined` when the portal does not have it. */
export function judgeSubscription(call: Call, outcome: Outcome): FoundSubscription | undefined {
  if (outcome.status === 404) return undefined;
  const body = harmlessBody(call, outcome);
  const subscription = subscriptionAnswerSchema.safeParse(body);
  if (!subscription.success) throw notThePortals(`${call.name}: the answer has no status`, outcome);
  return { status: subscription.data.status, ...numberIn(subscription.data) };
}

/** The JSON object that a call which changes nothing was answered with. */
export function harmlessBody(call: Call, outcome: Outcome): object {
  if (outcome.status === undefined) throw unreachable(call, outcome);
  throwIfDenied(call, outcome);
  if (isUnavailable(outcome.status)) throw new PortalUnavailableError(answered(call, outcome), outcome);
  if (!isSuccess(outcome.status)) throw notThePortals(answered(call, outcome), outcome);
  const body = jsonObject(outcome.text);
  if (body !== undefined) return body;
  // A body that was lost on the way may come the next time; one that is too large will not become smaller.
  if (outcome.code !== undefined && outcome.code !== TOO_LARGE) {
    throw new PortalUnavailableError(unreadable(call, outcome), outcome);
  }
  throw notThePortals(unreadable(call, outcome), outcome);
}

const TOO_LARGE = 'UND_ERR_RES_EXCEEDED_MAX_SIZE';

function throwIfDenied(call: Call, answer: Answer): void {
  if (answer.status === 429) {
    throw new PortalThrottledError(`${answered(call, answer)}. It is called too often.`, answer);
  }
  if (answer.status === NOT_PERMITTED_STATUS) {
    const next = `Ask ${GITLAB_CONTACT} whether this trading partner is permitted.`;
    throw new PortalNotPermittedError(`${answered(call, answer)}. ${next}`, answer);
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** 408 is a 4xx, but says that the portal, or a proxy before it, did not wait for the end. */
function isUnavailable(status: number): boolean {
  return status >= 500 || status === 408;
}

function isRefusal(status: number): boolean {
  return status >= 400 && !isUnavailable(status);
}

function unreachable(call: Call, outcome: NoAnswer): PortalUnavailableError | PortalThrottledError {
  const held = HELD[outcome.code];
  if (held !== undefined && !outcome.sent) {
    const Kind = outcome.throttled ? PortalThrottledError : PortalUnavailableError;
    return new Kind(`${call.name} was not sent: ${held}`, outcome);
  }
  const what = outcome.sent ? 'the answer was lost' : 'the portal could not be reached';
  return new PortalUnavailableError(`${call.name}: ${what} (${outcome.code})`, outcome);
}

/** In words, why a call was held back. */
const HELD: Readonly<Record<string, string>> = {
  PAUSED: 'the portal asked for a pause',
  CIRCUIT_OPEN: 'the portal is down, and is asked again now and then',
  BUSY: 'too many calls wait for their turn',
  STOPPING: 'this worker stops, and another one takes over',
  TOO_LATE: 'its time was over before it was its turn',
} satisfies Record<HeldCode | 'TOO_LATE', string>;

function unknownOutcome(what: string, outcome: Outcome): PortalOutcomeUnknownError {
  const next = 'Whether it took the order is not known: look for it before it is sent again.';
  return new PortalOutcomeUnknownError(`${what}. ${next}`, outcome);
}

function notThePortals(what: string, outcome: Outcome): PortalUnreadableError {
  return new PortalUnreadableError(`${what}. Check that the configured URL is the portal's.`, outcome);
}

/** `POST subscriptions: the portal answered 422: quantity is too large` */
export function answered(call: Call, { status, portalMessage }: Answer): string {
  const redirected = status >= 300 && status < 400 ? ', a redirect, which is not followed' : '';
  // The sentence goes on behind it.
  const words = portalMessage === undefined ? '' : `: ${portalMessage.replace(/\.$/, '')}`;
  return `${call.name}: the portal answered ${status}${redirected}${words}`;
}

function unreadable(call: Call, { status, code }: Answer): string {
  const why =
    code === undefined ? 'but not with a JSON object' : `but its body did not come as a whole (${code})`;
  return `${call.name}: the portal answered ${status}, ${why}`;
}

/** The JSON object in a body, or `undefined` when there is none. */
export function jsonObject(text: string | undefined): object | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function numberIn(body: object): PlacedOrder {
  try {
    const subscriptionNumber = subscriptionNumberIn(body);
    return subscriptionNumber === undefined ? {} : { subscriptionNumber };
  } catch {
    // Nested so deeply that the search overflows the stack. The order exists, whatever its number.
    return {};
  }
}
