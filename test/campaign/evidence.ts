import type { PurchaseStatus } from '../../src/contract/index.js';
import type { PurchaseSummary } from '../../src/contract/purchase.js';
import type { SimulatedOrder } from '../../src/simulator/orders.js';
import type { JournalEntry } from '../../src/simulator/journal.js';
import type { Heard } from './hooked-portal.js';
import type { Script } from './script.js';

/** All that is known of a run of the campaign when it is over: what the invariants look at. */
export interface Evidence {
  readonly script: Script;
  /** The simulator's. */
  readonly journal: readonly JournalEntry[];
  readonly orders: readonly SimulatedOrder[];
  /** The status of the order at the portal at the end. */
  readonly portalStatus: string | undefined;
  /** What the portal's client told the activities; absent where it is in another process. */
  readonly heard?: readonly Heard[];
  readonly observations: readonly Observation[];
  readonly answers: readonly Answer[];
  /** How the last run of the purchase stands; `undefined` when it could not be asked. */
  readonly ending: Ending;
  /** Tries to place an order whose worker was lost, and how often the purchase began. */
  readonly lostTries: number;
  readonly runs: number;
  /** Texts in which nothing secret may stand, by where they were found. */
  readonly texts: ReadonlyMap<string, string>;
  readonly secrets: readonly string[];
  /** Why the history does not replay, if it was tried and does not. */
  readonly replayError?: string;
}

/** What the purchase said while it ran. */
export interface Observation {
  readonly status: PurchaseStatus;
  readonly summary: PurchaseSummary | undefined;
  /** The orders of which it could not but know, as they were there before it was asked. */
  readonly ordersBefore: number;
  /** Those that were there when it had answered. */
  readonly ordersAfter: readonly string[];
}

/** What a message was answered. */
export interface Answer {
  /** An action, such as `cancelUpdate`. */
  readonly to: string;
  readonly value?: unknown;
  /** The type and message of a failure. */
  readonly failure?: { readonly type: string; readonly message: string };
  readonly ordersBefore: number;
  readonly ordersAfter: readonly string[];
}

export interface Ending {
  /** Temporal's status of the run. */
  readonly runStatus: string;
  readonly status: PurchaseStatus | undefined;
  readonly summary: PurchaseSummary | undefined;
  readonly result?: unknown;
  /** The type of the failure it ended with. */
  readonly failureType?: string;
  /** The number in the search attribute. */
  readonly subscriptionNumber?: string;
}
