import { serve } from '@hono/node-server';
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { PurchaseClient } from 'gitlab-marketplace-temporal/client';
import { dataConverterFor, loadKeyRing } from 'gitlab-marketplace-temporal/codec';
import { createApp } from './app.js';

// TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, … or a profile of Temporal's configuration file.
const { connectionOptions, namespace } = loadClientConnectConfig();
const connection = await Connection.connect(connectionOptions);
const client = new Client({
  connection,
  ...(namespace !== undefined && { namespace }),
  // With MARKETPLACE_CODEC_KEYS_FILE, as the workers have it; without keys nothing is encrypted.
  dataConverter: dataConverterFor(loadKeyRing()),
});

const { fetch } = createApp(new PurchaseClient(client));
const server = serve(
  { fetch, hostname: '127.0.0.1', port: Number(process.env['PORT'] ?? 8080) },
  ({ port }) => console.log(`listening on http://127.0.0.1:${port}`),
);

process.once('SIGTERM', () => {
  server.close(() => void connection.close());
});
