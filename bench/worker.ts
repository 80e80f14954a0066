import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { loadWorkerConfig } from '../src/config.js';
import { PortalClient } from '../src/portal/index.js';
import { ensureSearchAttributes } from '../src/temporal/index.js';
import { workerOptions } from '../src/worker/create-worker.js';
import { VARIANTS, variantOf } from './variants.js';

// A worker as `npm run worker` starts it, but for what `BENCH_VARIANT` changes, and without what paces or measures its calls.

Runtime.install({ logger: new DefaultLogger('WARN') });
const { temporal, taskQueue, portalUrl, partners, keys } = loadWorkerConfig();
const { namespace } = temporal;
const connection = await NativeConnection.connect(temporal.connectionOptions);
await ensureSearchAttributes(connection, namespace);
const portal = new PortalClient({ url: portalUrl, credentials: partners.credentialsOf });
const { maxConcurrentWorkflowTaskExecutions, ...options } = workerOptions(taskQueue, {
  connection,
  namespace,
  portal,
  keys,
});
const variant = VARIANTS[variantOf(process.env['BENCH_VARIANT'] ?? 'defaults')];
const worker = await Worker.create({
  ...options,
  // A tuner takes no numbers beside it.
  ...(!('tuner' in variant) && { maxConcurrentWorkflowTaskExecutions }),
  ...variant,
});
const running = worker.run();
console.log('worker ready');
await running;
await connection.close();
await portal.close();
