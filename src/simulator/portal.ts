import type { Clients } from './clients.js';
import type { FaultPlan } from './fault-plan.js';
import type { OpenEntry } from './journal.js';
import type { Settings } from './options.js';
import type { OrderBook } from './orders.js';
import type { Tokens } from './tokens.js';

/** Everything one simulated portal remembers. */
export interface Portal {
  readonly settings: Settings;
  readonly clients: Clients;
  readonly tokens: Tokens;
  readonly orders: OrderBook;
  readonly faults: FaultPlan;
  readonly journal: OpenEntry[];
  /** Aborted when the simulator is closed. */
  readonly stopped: AbortSignal;
}

/** What of an HTTP request the calls look at. */
export interface PortalRequest {
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly text: string;
  /** From the path, for `find`. */
  readonly externalSubscriptionId: string | undefined;
}
