import type { Client } from '@temporalio/client';

/**
 * The order a run was started with, decoded as the client decodes everything: the first event of its history
 * has it, with or without a worker, also once the run is closed.
 */
export async function readOrder(client: Client, workflowId: string, runId: string): Promise<unknown> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  const { payloadConverter, payloadCodecs } = client.options.loadedDataConverter;
  let payloads = started?.input?.payloads ?? [];
  for (const codec of payloadCodecs.toReversed()) payloads = await codec.decode(payloads);
  const [payload] = payloads;
  const input: unknown = payload && payloadConverter.fromPayload(payload);
  return typeof input === 'object' && input !== null ? Reflect.get(input, 'order') : undefined;
}
