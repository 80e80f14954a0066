/** A stand-in of GitLab's Customers Portal: for the demo, `marketplace simulator` and tests. */
export { faultSchema, type Fault, type FaultAction } from './faults.js';
export type { JournalEntry } from './journal.js';
export { DEMO_CLIENT, type SimulatorClient, type SimulatorOptions } from './options.js';
export { MAGIC_PRODUCTS, type SimulatedOrder } from './orders.js';
export { startSimulator, type Simulator } from './start.js';
