export { createWorker, type WorkerDeps } from './create-worker.js';
export { runWorker, WorkerStartError } from './run-worker.js';
export { ConfigError, loadWorkerConfig, type WorkerConfig } from '../config.js';
export { PortalClient, type Credentials, type PortalClientOptions } from '../portal/index.js';
