import {
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Link,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import type { SpanAttributes, Trace, TraceContext, TracedRun } from '../../common/trace';

/** Creates spans. */
export interface SpanSource {
  readonly tracer: Tracer;
  /** The time of the `performance.now()` clock in milliseconds since 1970. */
  dateOf(time: number): number;
  /** The next span that has no parent gets the id of a new trace. */
  newTrace(): void;
}

/** A span that is exported when it has ended. */
export class SampledTrace implements Trace {
  readonly isSampled = true;
  private readonly ids: SpanContext;
  /** The parent of its steps. */
  private readonly parent: Context;
  private model: SpanAttributes = {};

  /** @param tracestate of the client, for the servers that the request calls. */
  constructor(
    private readonly source: SpanSource,
    private readonly span: Span,
    private readonly tracestate: string | undefined,
  ) {
    this.ids = span.spanContext();
    this.parent = trace.setSpan(ROOT_CONTEXT, span);
  }

  get traceId(): string {
    return this.ids.traceId;
  }

  get spanId(): string {
    return this.ids.spanId;
  }

  get context(): TraceContext {
    const { traceId, spanId } = this.ids;
    return { traceparent: `00-${traceId}-${spanId}-01`, tracestate: this.tracestate };
  }

  /** Does nothing when the span has ended: the client may leave while its request still runs. */
  set(attributes: SpanAttributes): void {
    if (this.span.isRecording()) this.span.setAttributes(attributes);
  }

  describe(name: string, attributes: SpanAttributes): void {
    if (!this.span.isRecording()) return;
    this.span.updateName(name);
    this.set(attributes);
  }

  serve(model: string, version: string): void {
    this.model = { 'nexus.model.name': model, 'nexus.model.version': version };
    this.set(this.model);
  }

  begin(name: string, startedAt: number, attributes: SpanAttributes, kind?: 'client'): SampledTrace {
    const span = this.start(name, startedAt, attributes, kind === 'client' ? SpanKind.CLIENT : undefined);
    return new SampledTrace(this.source, span, this.tracestate);
  }

  record(name: string, startedAt: number, endedAt: number): void {
    this.start(name, startedAt, {}).end(this.source.dateOf(endedAt));
  }

  recordRun(run: TracedRun, waits: ReadonlyMap<Trace, number>): void {
    const { source, model } = this;
    const sharers = [...waits.keys()].filter((each) => each instanceof SampledTrace);
    const links = sharers.map(({ ids }) => ({ context: ids }));
    const attributes = { ...model, ...attributesOf(run) } as Attributes;
    source.newTrace();
    const startTime = source.dateOf(run.startedAt);
    const batch = source.tracer.startSpan('batch', { startTime, links, attributes }, ROOT_CONTEXT);
    for (const sharer of sharers) {
      const since = waits.get(sharer)!;
      if (since < run.startedAt) sharer.record('queue', since, run.startedAt);
      const own = sharer.start('run', run.startedAt, attributesOf(run), undefined, [
        { context: batch.spanContext() },
      ]);
      finish(own, source.dateOf(run.endedAt), run.error);
    }
    finish(batch, source.dateOf(run.endedAt), run.error);
  }

  end(endedAt: number, error?: string): void {
    finish(this.span, this.source.dateOf(endedAt), error);
  }

  private start(
    name: string,
    startedAt: number,
    attributes: SpanAttributes,
    kind: SpanKind = SpanKind.INTERNAL,
    links: Link[] = [],
  ): Span {
    const { tracer } = this.source;
    const startTime = this.source.dateOf(startedAt);
    return tracer.startSpan(name, { startTime, attributes, kind, links }, this.parent);
  }
}

/** The parent span that `context` names, which another server has recorded. */
export function remoteParentOf({ traceparent, tracestate }: TraceContext): Context {
  const [, traceId, spanId, flags] = traceparent.split('-');
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: traceId!,
    spanId: spanId!,
    traceFlags: parseInt(flags!, 16),
    isRemote: true,
    ...(tracestate === undefined ? {} : { traceState: createTraceState(tracestate) }),
  });
}

function attributesOf({ rows, padding, requests }: TracedRun): SpanAttributes {
  return { 'nexus.batch.size': rows, 'nexus.batch.padding': padding, 'nexus.batch.requests': requests };
}

function finish(span: Span, endTime: number, error: string | undefined): void {
  if (error !== undefined) {
    span.setAttribute('error.type', error);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(endTime);
}
