import { ConfigError, loadWorkerConfig } from '../config.js';
import { runWorker } from './run-worker.js';
import { WorkerStartError } from './start-errors.js';

try {
  await runWorker(loadWorkerConfig(), (line) => console.log(line));
} catch (error) {
  const isExpected = error instanceof ConfigError || error instanceof WorkerStartError;
  console.error(isExpected ? error.message : error);
  process.exitCode = 1;
}
