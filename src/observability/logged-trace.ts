import { trace, type SpanContext } from '@opentelemetry/api';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/**
 * Puts an activity's trace and span into its log lines. The line that the SDK itself writes when an activity has
 * failed is one of them: Temporal's own interceptor misses it, as the span is over by then.
 */
export const loggedTrace: ActivityInterceptorsFactory = () => {
  let span: SpanContext | undefined;
  return {
    inbound: {
      execute(input, next) {
        span = trace.getActiveSpan()?.spanContext();
        return next(input);
      },
    },
    outbound: {
      getLogAttributes: (attributes, next) =>
        next(
          span === undefined ? attributes : { trace_id: span.traceId, span_id: span.spanId, ...attributes },
        ),
    },
  };
};
