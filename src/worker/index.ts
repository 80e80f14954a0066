export { createWorker, type WorkerDeps } from './create-worker.js';
export { runWorker } from './run-worker.js';
export { WorkerStartError } from './start-errors.js';
export { ConfigError, loadWorkerConfig, type WorkerConfig } from '../config.js';
export {
  PacedTraffic,
  PortalClient,
  type Credentials,
  type PacedTrafficOptions,
  type PortalClientOptions,
} from '../portal/index.js';
