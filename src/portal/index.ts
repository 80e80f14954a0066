export { type GrantedToken, PortalClient, type PortalClientOptions } from './client.js';
export { isBrokenOffByUs, type PortalTimeouts } from './exchange.js';
export type { FoundSubscription, PlacedOrder } from './judge.js';
export type { Credentials } from './token-endpoint.js';
export * from './errors.js';
export { portalUrlProblem } from './portal-url.js';
export { PacedTraffic, type PacedTrafficOptions, type TrafficEvent } from './paced-traffic.js';
export type { CallInfo, CallKind, CallReport, Held, PortalTraffic, TrafficReport } from './traffic.js';
