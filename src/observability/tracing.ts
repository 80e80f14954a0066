import { diag, DiagLogLevel, trace, type DiagLogger } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { envDetectorSync, Resource } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Logger } from '@temporalio/common';
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
} from '@temporalio/interceptors-opentelemetry/lib/worker/index.js';
import type { ActivityInterceptorsFactory, WorkerOptions } from '@temporalio/worker';
import type { PortalClientOptions } from '../portal/index.js';
import { AsyncContext } from './async-context.js';
import { HarmlessSpans } from './harmless-spans.js';
import { loggedTrace } from './logged-trace.js';
import { portalSpans } from './portal-spans.js';

/** What makes a worker's spans. */
export interface WorkerTracing {
  readonly activity: readonly ActivityInterceptorsFactory[];
  readonly sinks: NonNullable<WorkerOptions['sinks']>;
}

/** The tracing of this process. */
export interface Tracing extends WorkerTracing {
  readonly portal: Required<Pick<PortalClientOptions, 'onCall' | 'extraHeaders'>>;
  /** Sends what is left. It neither fails nor takes long. */
  close(): Promise<void>;
}

const SERVICE_NAME = 'gitlab-marketplace-worker';

/**
 * Traces this process if OpenTelemetry's own variables ask for it: `OTEL_EXPORTER_OTLP_ENDPOINT` or
 * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, and not `OTEL_SDK_DISABLED=true`. `undefined` if not.
 */
export function startTracing(
  portalUrl: string,
  logger: Logger,
  env: NodeJS.ProcessEnv = process.env,
): Tracing | undefined {
  if (!isWanted(env)) return undefined;
  const warn = warning(logger);
  diag.setLogger(diagLogger(warn), DiagLogLevel.WARN);
  const resource = new Resource({ 'service.name': SERVICE_NAME }).merge(envDetectorSync.detect());
  const spans = new HarmlessSpans(new BatchSpanProcessor(new OTLPTraceExporter()));
  const provider = new BasicTracerProvider({ resource, spanProcessors: [spans] });
  provider.register({ contextManager: new AsyncContext() });
  const tracer = trace.getTracer('gitlab-marketplace-temporal');
  return {
    activity: [
      (activity) => ({ inbound: new OpenTelemetryActivityInboundInterceptor(activity) }),
      loggedTrace,
    ],
    sinks: { exporter: makeWorkflowExporter(spans, resource) },
    portal: portalSpans(tracer, portalUrl),
    close: () => provider.shutdown().catch(warn),
  };
}

function isWanted(env: NodeJS.ProcessEnv): boolean {
  if (env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return false;
  return [env['OTEL_EXPORTER_OTLP_ENDPOINT'], env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']].some(
    (endpoint) => endpoint !== undefined && endpoint.trim() !== '',
  );
}

/** What cannot be sent is told in one line; the details may quote headers. */
function warning(logger: Logger): () => void {
  return () => logger.warn('OpenTelemetry could not do its work: is its collector there?');
}

function diagLogger(warn: () => void): DiagLogger {
  const silent = (): void => undefined;
  return { error: warn, warn, info: silent, debug: silent, verbose: silent };
}
