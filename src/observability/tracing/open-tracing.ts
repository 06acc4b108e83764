import {
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  TraceFlags,
  type Context,
  type Tracer,
} from '@opentelemetry/api';
import { setGlobalErrorHandler } from '@opentelemetry/core';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  envDetector,
  hostDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  RandomIdGenerator,
} from '@opentelemetry/sdk-trace-base';
import { Logger } from '@nestjs/common';
import type { Trace, TraceContext } from '../../common/trace';
import { VERSION } from '../../common/version';
import type { TracingSettings } from '../../config/tracing';
import { contextOf, PassedTrace } from './passed-trace';
import { Sampling } from './sampling';
import { remoteParentOf, SampledTrace, type SpanSource } from './sampled-trace';
import { Tracing } from './tracing';

const SERVICE = 'nexus-ai-gateway';

/** Between two warnings, in milliseconds: an unreachable collector must not fill the log. */
const QUIET_MS = 60_000;

/** Longest warning, in characters. */
const LONGEST_WARNING = 300;

/** Longest export at the end of the process, in milliseconds. */
const LAST_EXPORT_MS = 5000;

/** How far the clock of the system may move away before times are corrected, in milliseconds. */
const DRIFT_MS = 10;

/** Traces requests with OpenTelemetry, which reads its settings from the variables `OTEL_*`. Exports them in the background. */
export class OpenTracing extends Tracing implements SpanSource {
  readonly tracer: Tracer;
  private readonly provider: BasicTracerProvider;
  private readonly sampling: Sampling;
  /** Id of the next trace that begins here. */
  private traceId = '';
  /** Milliseconds since 1970 at the zero of `performance.now()`. */
  private origin = performance.timeOrigin;

  constructor({ protocol, sampling }: TracingSettings) {
    super();
    const warn = warnings();
    // The first argument names the component.
    const say = (...words: unknown[]) => warn(words.filter((word) => typeof word === 'string').join(': '));
    const logger = { error: say, warn: say, info: () => {}, debug: () => {}, verbose: () => {} };
    diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
    setGlobalErrorHandler((error) => warn(reasonOf(error)));
    this.sampling = new Sampling(sampling);
    const exporter = protocol === 'http/json' ? new JsonExporter() : new ProtobufExporter();
    this.provider = new BasicTracerProvider({
      resource: resource(),
      // Whether a request is sampled is decided before its first span.
      sampler: new AlwaysOnSampler(),
      idGenerator: {
        generateTraceId: () => this.traceId,
        generateSpanId: new RandomIdGenerator().generateSpanId,
      },
      spanProcessors: [new BatchSpanProcessor(exporter)],
    });
    this.tracer = this.provider.getTracer(SERVICE, VERSION);
  }

  begin(traceparent: string | undefined, tracestate: string | undefined): Trace | undefined {
    const context = traceparent === undefined ? undefined : contextOf(traceparent, tracestate);
    return context === undefined ? this.beginRoot() : this.continue(context);
  }

  dateOf(time: number): number {
    return this.origin + time;
  }

  newTrace(): void {
    this.traceId = this.sampling.beginSampled();
  }

  async close(): Promise<void> {
    const limit = new Promise<void>((resolve) => void setTimeout(resolve, LAST_EXPORT_MS).unref());
    // Its error has been logged.
    await Promise.race([this.provider.shutdown().catch(() => {}), limit]);
  }

  private beginRoot(): Trace | undefined {
    const id = this.sampling.begin();
    if (id === undefined) return undefined;
    this.traceId = id;
    return this.start(ROOT_CONTEXT, undefined);
  }

  private continue(context: TraceContext): Trace {
    const parent = remoteParentOf(context);
    const { traceId, traceFlags } = trace.getSpanContext(parent)!;
    const isSampled = this.sampling.continues(traceId, (traceFlags & TraceFlags.SAMPLED) !== 0);
    return isSampled ? this.start(parent, context.tracestate) : new PassedTrace(context);
  }

  private start(parent: Context, tracestate: string | undefined): SampledTrace {
    const now = performance.now();
    const drift = Date.now() - this.dateOf(now);
    // The system may have paused the process between the two clocks.
    if (Math.abs(drift) > DRIFT_MS && performance.now() - now < 1) this.origin += drift;
    const startTime = this.dateOf(now);
    const span = this.tracer.startSpan('request', { kind: SpanKind.SERVER, startTime }, parent);
    return new SampledTrace(this, span, tracestate);
  }
}

/** What names this process in each span. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` come first. */
function resource() {
  const own = { 'service.name': SERVICE, 'service.version': VERSION, 'process.pid': process.pid };
  const detectors = [hostDetector, serviceInstanceIdDetector, envDetector];
  return defaultResource().merge(resourceFromAttributes(own)).merge(detectResources({ detectors }));
}

/** Returns a function that logs a warning, at most one in {@link QUIET_MS}. */
function warnings(): (message: string) => void {
  const logger = new Logger('Tracing');
  let quietUntil = -Infinity;
  return (message) => {
    const now = performance.now();
    if (now < quietUntil) return;
    quietUntil = now + QUIET_MS;
    logger.warn(message.slice(0, LONGEST_WARNING));
  };
}

/** Why an export failed, without the address of the collector or what it responded, which may contain credentials. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const reason = code === undefined || code === '' ? message : code;
  return `cannot export traces (${String(reason).slice(0, 100)}); spans are lost until the collector at OTEL_EXPORTER_OTLP_ENDPOINT accepts them`;
}
