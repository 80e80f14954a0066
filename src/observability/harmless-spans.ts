import type { AttributeValue, Attributes, Context } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace-base';

/**
 * What a span may say. Temporal's interceptors add all that is known of a run, its memo among it, in clear even
 * where payloads are encrypted; and failures in their own words.
 */
const HARMLESS: ReadonlySet<string> = new Set([
  'temporalWorkflowId',
  'temporalActivityId',
  'temporalUpdateId',
  'run_id',
  'workflowId',
  'runId',
  'workflowType',
  'taskQueue',
  'namespace',
  'exception.type',
  'http.request.method',
  'http.response.status_code',
  'server.address',
  'server.port',
  'error.type',
  'marketplace.call',
]);

/** Takes from spans what may be personal or secret before another processor sees them. */
export class HarmlessSpans implements SpanProcessor {
  readonly #next: SpanProcessor;

  constructor(next: SpanProcessor) {
    this.#next = next;
  }

  onStart(span: Span, parent: Context): void {
    this.#next.onStart(span, parent);
  }

  onEnd(span: ReadableSpan): void {
    this.#next.onEnd(harmless(span));
  }

  forceFlush(): Promise<void> {
    return this.#next.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#next.shutdown();
  }
}

/** Spelled out: a span's fields are partly getters, which a copy would not have. */
function harmless(span: ReadableSpan): ReadableSpan {
  const { parentSpanId } = span;
  return {
    name: span.name,
    kind: span.kind,
    spanContext: () => span.spanContext(),
    ...(parentSpanId !== undefined && { parentSpanId }),
    startTime: span.startTime,
    endTime: span.endTime,
    duration: span.duration,
    ended: span.ended,
    // Its message quotes the failure.
    status: { code: span.status.code },
    attributes: harmlessOf(span.attributes),
    links: span.links,
    events: span.events.map(({ name, time, attributes = {} }) => ({
      name,
      time,
      attributes: harmlessOf(attributes),
    })),
    resource: span.resource,
    instrumentationLibrary: span.instrumentationLibrary,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  };
}

function harmlessOf(attributes: Attributes): Attributes {
  const kept: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (HARMLESS.has(name) && value !== undefined) kept[name] = value;
  }
  return kept;
}
