import type { PurchaseOptions } from '../../src/contract/index.js';
import type { Fault, SimulatorOptions } from '../../src/simulator/index.js';

/**
 * One run of the campaign as plain JSON: what is bought, what the portal does, who interferes and when. The
 * same script played again does the same, as far as the machine lets it.
 */
export interface Script {
  readonly order: OrderShape;
  readonly options: PurchaseOptions;
  readonly portal: PortalShape;
  readonly faults: readonly Fault[];
  readonly interventions: readonly Intervention[];
  /** What is done each time the purchase is parked, one after the other; then its deadline is let pass. */
  readonly whileParked: readonly Action[];
  /** Whether the worker keeps workflows in memory; otherwise each of their tasks replays the whole history. */
  readonly isCached: boolean;
}

interface OrderShape {
  /** The simulator has magic ones. */
  readonly product: string;
  /** Follows an externalSubscriptionId, to try what is written differently in URLs. */
  readonly idTail: string;
  /** The portal has the order already. */
  readonly isPlaced: boolean;
}

interface PortalShape {
  readonly secondPost: NonNullable<SimulatorOptions['secondPost']>;
  readonly creatingMs: number;
  readonly createdMs: number;
  readonly tokenLifetimeSeconds: number;
}

/** A method of the portal's client. */
export type ClientCall = 'fetchToken' | 'findSubscription' | 'placeOrder';

/** When somebody interferes: never a time of the clock, so that a script means the same each time. */
export type Moment =
  | { readonly call: ClientCall; readonly nth: number; readonly when: 'before' | 'after' }
  /** After so many polls. */
  | { readonly polled: number }
  /** Together with the start. */
  | { readonly started: true };

export interface Intervention {
  readonly at: Moment;
  readonly do: Action;
}

export type Action =
  | {
      readonly do:
        | 'cancelSignal'
        | 'cancelUpdate'
        | 'temporalCancel'
        | 'retry'
        | 'poll'
        | 'status'
        | 'amend'
        /** Ends the portal's troubles, then `retry`. */
        | 'mend'
        | 'revokeTokens'
        /** Terminates the run and starts the same purchase again. */
        | 'startAgain';
    }
  | { readonly do: 'orderPlaced'; readonly order: 'none' | 'same' | 'other'; readonly within?: string }
  /** The clock goes on; within a call, it is the worker that is gone for so long. */
  | { readonly do: 'jump'; readonly ms: number }
  /** The worker is gone and never comes back. Only within a call. */
  | { readonly do: 'loseWorker' }
  /** Something of a wrong shape, the nth of a list. */
  | { readonly do: 'garbage'; readonly nth: number };
