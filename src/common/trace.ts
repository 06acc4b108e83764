/** Attributes of a span. Those that are undefined are left out. They never contain tensors, text or credentials. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** The position in a trace, as headers of HTTP or metadata of gRPC (W3C Trace Context). */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate: string | undefined;
}

/** A run of a batch. Times are on the `performance.now()` clock. */
export interface TracedRun {
  readonly startedAt: number;
  readonly endedAt: number;
  /** Rows of the run, and those of them that were added to reach an allowed batch size. */
  readonly rows: number;
  readonly padding: number;
  /** Requests that shared it, traced or not. */
  readonly requests: number;
  /** Why it failed; undefined if it succeeded. */
  readonly error: string | undefined;
}

/**
 * A request, or a step of one, in a trace. Times are on the `performance.now()` clock. A trace that is not sampled records
 * nothing; it only carries the context that a client sent to the servers that the request calls.
 */
export interface Trace {
  readonly isSampled: boolean;
  /** Identify the span, in lower-case hexadecimal; empty if the trace is not sampled. */
  readonly traceId: string;
  readonly spanId: string;
  /** For requests to other servers that belong to this step. */
  readonly context: TraceContext;
  /** Sets attributes of the span. */
  set(attributes: SpanAttributes): void;
  /** Sets the name of the span, and its attributes. */
  describe(name: string, attributes: SpanAttributes): void;
  /** Sets the model that the span, and the runs that it records, belong to. */
  serve(model: string, version: string): void;
  /** Begins a step, which the caller must end. @param kind `client` for a request to another server. */
  begin(name: string, startedAt: number, attributes: SpanAttributes, kind?: 'client'): Trace;
  /** Records a step that has ended. */
  record(name: string, startedAt: number, endedAt: number): void;
  /**
   * Records a run in this trace and in all others of `waits`: one span for the run, which links to all of them, and in each
   * of them the wait and the run.
   * @param waits the traces of its requests, with the time since when each of them waited.
   */
  recordRun(run: TracedRun, waits: ReadonlyMap<Trace, number>): void;
  /** Ends the span. @param error a name of low cardinality; undefined if it succeeded. */
  end(endedAt: number, error?: string): void;
}
