import { ConfigError, loadWorkerConfig } from '../config.js';
import { runWorker } from './run-worker.js';

try {
  await runWorker(loadWorkerConfig(), (line) => console.log(line));
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exitCode = 1;
}
