export * from './errors.js';
export * from './purchase-client.js';
export type { KnownStatus, PurchaseListing, PurchaseReport, RunStatus } from './report.js';
