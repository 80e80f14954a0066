import type { Client } from '@temporalio/client';
import { MESSAGES } from '../contract/names.js';
import { summaryIn } from '../contract/visibility.js';
import { decodeFirst, type Payloads } from './decode-payloads.js';
import type { RunInfo } from './report.js';

type History = NonNullable<
  Awaited<ReturnType<Client['workflowService']['getWorkflowExecutionHistory']>>['history']
>;
type HistoryEvent = NonNullable<History['events']>[number];

/**
 * The order a run buys, decoded as the client decodes everything: its history has it, with or without a worker,
 * also once the run is closed. The first event says it, unless it was amended since.
 */
export async function readOrder(client: Client, run: RunInfo): Promise<unknown> {
  const isAmended = summaryIn(run.memo)?.amended === true;
  let order: unknown;
  const asked = new Map<unknown, Payloads>();
  for await (const event of eventsOf(client, run, isAmended ? undefined : 1)) {
    if (event.workflowExecutionStartedEventAttributes) order = await startedWith(client, event);
    if (!isAmended) break;
    const request = updateRequestIn(event);
    if (request?.input?.name === MESSAGES.amendOrder) {
      asked.set(request.meta?.updateId, request.input.args?.payloads ?? []);
    }
    const completed = event.workflowExecutionUpdateCompletedEventAttributes;
    const amendment = asked.get(completed?.meta?.updateId);
    if (amendment && completed?.outcome?.success) order = await decodeFirst(client, amendment);
  }
  return order;
}

/** A reset run has its updates as admitted ones. */
function updateRequestIn(event: HistoryEvent) {
  return (
    event.workflowExecutionUpdateAdmittedEventAttributes?.request ??
    event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest
  );
}

async function startedWith(client: Client, event: HistoryEvent): Promise<unknown> {
  const input = await decodeFirst(
    client,
    event.workflowExecutionStartedEventAttributes?.input?.payloads ?? [],
  );
  return typeof input === 'object' && input !== null ? Reflect.get(input, 'order') : undefined;
}

async function* eventsOf(
  client: Client,
  { workflowId, runId }: RunInfo,
  maximumPageSize: number | undefined,
): AsyncGenerator<HistoryEvent> {
  let nextPageToken: Uint8Array | null | undefined;
  do {
    const page = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      ...(maximumPageSize !== undefined && { maximumPageSize }),
      ...(nextPageToken && { nextPageToken }),
    });
    yield* page.history?.events ?? [];
    nextPageToken = page.nextPageToken;
  } while (nextPageToken && nextPageToken.length > 0);
}
