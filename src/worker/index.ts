export { createWorker, type WorkerDeps } from './create-worker.js';
export { runWorker } from './run-worker.js';
export { WorkerStartError } from './start-errors.js';
export { ConfigError, loadWorkerConfig, type WorkerConfig } from '../config.js';
export { PortalClient, type Credentials, type PortalClientOptions } from '../portal/index.js';
