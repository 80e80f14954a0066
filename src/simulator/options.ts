import { SCOPES, type Scope } from '../contract/names.js';
import type { Fault } from './faults.js';

/** An account that GitLab would have set up for a partner. */
export interface SimulatorClient {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The scopes it may ask for. @default both */
  readonly scopes?: readonly Scope[];
  /** The trading partners it may order for, and whose orders it sees. @default all */
  readonly tradingPartnerIds?: readonly string[];
}

/** What a second POST of an `externalSubscriptionId` does; GitLab documents no rule. */
type SecondPost = '409' | '422' | 'duplicate';

export interface SimulatorOptions {
  /** The port on 127.0.0.1; 0 takes any free one. @default 0 */
  readonly port?: number;
  /** @default one client, {@link DEMO_CLIENT} */
  readonly clients?: readonly SimulatorClient[];
  /** The trading partners on GitLab's list; a POST for another is answered 403. @default all */
  readonly permittedTradingPartners?: readonly string[];
  /** How long a token is good for, by {@link SimulatorOptions.now}. @default 7200 */
  readonly tokenLifetimeSeconds?: number;
  /** How long an order stays `Creating`, then `Created`, before `Provisioned`; milliseconds of `now`. */
  readonly progress?: {
    /** @default 2000 */
    readonly creatingMs?: number;
    /** @default 3000 */
    readonly createdMs?: number;
  };
  /** The clock, in milliseconds: another one for tests with a time-skipping server. @default Date.now */
  readonly now?: () => number | Promise<number>;
  /** Faults to begin with. @default none */
  readonly faults?: readonly Fault[];
  /** `duplicate` commits a second order, the others refuse it with that status. @default '422' */
  readonly secondPost?: SecondPost;
}

/** The account a simulator knows when it is given none. */
export const DEMO_CLIENT = { clientId: 'demo-client', clientSecret: 'demo-secret' } as const;

/** {@link SimulatorOptions} that the calls need, with every default filled in. */
export interface Settings {
  readonly permittedTradingPartners: ReadonlySet<string> | undefined;
  readonly tokenLifetimeSeconds: number;
  readonly creatingMs: number;
  readonly createdMs: number;
  readonly now: () => number | Promise<number>;
  readonly secondPost: SecondPost;
}

export function settingsOf(options: SimulatorOptions): Settings {
  const { permittedTradingPartners: permitted } = options;
  return {
    permittedTradingPartners: permitted === undefined ? undefined : new Set(permitted),
    tokenLifetimeSeconds: options.tokenLifetimeSeconds ?? 7_200,
    creatingMs: options.progress?.creatingMs ?? 2_000,
    createdMs: options.progress?.createdMs ?? 3_000,
    now: options.now ?? Date.now,
    secondPost: options.secondPost ?? '422',
  };
}

/** The scopes a client may ask for. */
export function scopesOf(client: SimulatorClient): readonly Scope[] {
  return client.scopes ?? Object.values(SCOPES);
}

/** Whether a client may order for a trading partner and sees its orders. */
export function actsFor(client: SimulatorClient, tradingPartnerId: string): boolean {
  return client.tradingPartnerIds?.includes(tradingPartnerId) ?? true;
}
