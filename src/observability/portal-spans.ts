import {
  context,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import type { CallInfo, CallKind, CallReport, PortalClientOptions } from '../portal/index.js';

const METHOD: Readonly<Record<CallKind, string>> = { token: 'POST', place: 'POST', find: 'GET' };

/**
 * A span of its own for each call that is sent to the portal, and `traceparent` for the portal itself. No path,
 * which has an order's ID in it, no query and no body.
 */
export function portalSpans(
  tracer: Tracer,
  portalUrl: string,
): Required<Pick<PortalClientOptions, 'onCall' | 'extraHeaders'>> {
  const { hostname, port, protocol } = new URL(portalUrl);
  const server = {
    'server.address': hostname,
    'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
  };
  const open = new WeakMap<CallInfo, Span>();
  return {
    extraHeaders: (call) => {
      const method = METHOD[call.kind];
      const span = tracer.startSpan(`${method} ${call.kind}`, {
        kind: SpanKind.CLIENT,
        attributes: { 'http.request.method': method, 'marketplace.call': call.kind, ...server },
      });
      open.set(call, span);
      return traceparentOf(span);
    },
    onCall: (call, report) => {
      const span = open.get(call);
      if (span === undefined) return;
      open.delete(call);
      tell(span, report);
      span.end();
    },
  };
}

function tell(span: Span, { status, code }: CallReport): void {
  if (status !== undefined) span.setAttribute('http.response.status_code', status);
  // A 404 is an answer like another: it says that there is no such order.
  const isRefused = status !== undefined && status >= 400 && status !== 404;
  const error = code ?? (isRefused ? String(status) : undefined);
  if (error === undefined) return;
  span.setAttribute('error.type', error);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Nothing else is propagated: baggage may hold anything. */
function traceparentOf(span: Span): Record<string, string> {
  const carrier: Record<string, string> = {};
  propagation.inject(trace.setSpan(context.active(), span), carrier);
  const { traceparent } = carrier;
  return traceparent === undefined ? {} : { traceparent };
}
