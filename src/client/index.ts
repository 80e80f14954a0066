export * from './errors.js';
export * from './purchase-client.js';
export type { CountFilter, ListFilter, PurchaseCounts } from './list-filter.js';
export type { KnownStatus, PurchaseListing, PurchaseReport, RunStatus } from './report.js';
export { BatchStoppedError, type ParkedFilter, type RetriedAll, type RetryAllOptions } from './resume-all.js';
export type { Order } from '../contract/order.js';
export type { PurchaseOptions } from '../contract/options.js';
export type {
  AmendOrderAnswer,
  CancelPurchaseAnswer,
  PurchaseResult,
  PurchaseStatus,
} from '../contract/purchase.js';
export type { FailureType, PurchaseIds, PurchasePhase } from '../contract/names.js';
