import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { PurchaseClient, type Order } from 'gitlab-marketplace-temporal/client';
import { orderSchema } from 'gitlab-marketplace-temporal/contract';
import { statusQuery } from 'gitlab-marketplace-temporal/messages';
import { createWorker, PortalClient } from 'gitlab-marketplace-temporal/worker';

// A program of a user of the package, as an ES module and as a CommonJS one: it works as a worker, buys what the
// environment says, and prints how that went. Where the tests run it, there is nothing of this repository.

// @ts-expect-error The types are there and are no `any`: more belongs to an order.
export const incomplete: Order = { externalSubscriptionId: 'EXT-1' };

async function main(): Promise<void> {
  const { TEMPORAL_ADDRESS: address = '', PORTAL_URL: url = '', TASK_QUEUE: taskQueue = '' } = process.env;
  const order: Order = orderSchema.parse(JSON.parse(process.env['ORDER'] ?? ''));
  const { CLIENT_ID: clientId = '', CLIENT_SECRET: clientSecret = '' } = process.env;
  const portal = new PortalClient({ url, credentials: () => ({ clientId, clientSecret }) });
  const nativeConnection = await NativeConnection.connect({ address });
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const purchases = new PurchaseClient(client, { taskQueue });

  const worker = await createWorker(taskQueue, {
    connection: nativeConnection,
    namespace: 'default',
    portal,
  });
  await worker.runUntil(async () => {
    const options = { polling: { initialInterval: '100ms', maximumInterval: '500ms' } };
    const placed = await purchases.purchase(order, { options });
    const result = await purchases.waitForResult(order);
    const status = await client.workflow.getHandle(placed.workflowId).query(statusQuery);
    console.log(JSON.stringify({ node: process.version, placed, result, status }));
  });

  await portal.close();
  await connection.close();
  await nativeConnection.close();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
