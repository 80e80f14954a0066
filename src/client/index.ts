export * from './errors.js';
export * from './purchase-client.js';
export type { KnownStatus, PurchaseListing, PurchaseReport, RunStatus } from './report.js';
export type { Order } from '../contract/order.js';
export type { PurchaseOptions } from '../contract/options.js';
export type { CancelPurchaseAnswer, PurchaseResult, PurchaseStatus } from '../contract/purchase.js';
export type { FailureType, PurchaseIds, PurchasePhase } from '../contract/names.js';
