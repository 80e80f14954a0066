/** A stand-in of GitLab's Customers Portal: for the demo, `marketplace simulator` and tests. */
export { faultSchema, type Fault } from './faults.js';
export { DEMO_CLIENT, type SimulatorOptions } from './options.js';
export { startSimulator, type Simulator } from './start.js';
