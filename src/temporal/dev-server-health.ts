import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Connection } from '@temporalio/client';
import { straightIfLoopback } from './loopback.js';

/** How long one question may take, in milliseconds. */
const QUESTION_TIMEOUT_MS = 3_000;

/** Where a development server should be. */
interface Endpoints {
  readonly address: string;
  readonly httpUrl: string;
  readonly namespace: string;
}

/**
 * Checks that a development server serves its namespace, over HTTP and over gRPC. HTTP first: its port is
 * always one of ours, while the gRPC port may, for a moment, be that of another Temporal server that was
 * faster.
 *
 * @throws when it does not, or not yet.
 */
export async function assertServing({ address, httpUrl, namespace }: Endpoints): Promise<void> {
  await assertHttp(new URL(`/api/v1/namespaces/${encodeURIComponent(namespace)}`, httpUrl));
  await assertGrpc(address, namespace);
}

async function assertHttp(url: URL): Promise<void> {
  // No agent: a kept connection would keep this process alive.
  const request = get(url, { agent: false, signal: AbortSignal.timeout(QUESTION_TIMEOUT_MS) });
  const status = await new Promise<number | undefined>((resolve, reject) => {
    request.once('response', (response: IncomingMessage) => {
      response.once('error', reject).resume();
      resolve(response.statusCode);
    });
    request.once('error', reject);
  });
  if (status !== 200) throw new Error(`HTTP ${status}`);
}

async function assertGrpc(address: string, namespace: string): Promise<void> {
  const connection = await Connection.connect({
    address,
    ...straightIfLoopback(address),
    connectTimeout: QUESTION_TIMEOUT_MS,
  });
  try {
    await connection.withDeadline(Date.now() + QUESTION_TIMEOUT_MS, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
  } finally {
    await connection.close();
  }
}
