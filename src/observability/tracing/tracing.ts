import type { Trace } from '../../common/trace';
import { contextOf, PassedTrace } from './passed-trace';

/** Decides which requests are traced. */
export abstract class Tracing {
  /**
   * Begins the trace of a request that arrives now. Returns undefined if it is not sampled and has no context to pass on,
   * which is most requests.
   * @param traceparent header of the client, and `tracestate` the other one; see W3C Trace Context.
   */
  abstract begin(traceparent: string | undefined, tracestate: string | undefined): Trace | undefined;

  /** Exports what has been recorded, for a few seconds at most. Never rejects. */
  abstract close(): Promise<void>;
}

/** Records nothing, because tracing is off. */
export class NoTracing extends Tracing {
  begin(traceparent: string | undefined, tracestate: string | undefined): Trace | undefined {
    if (traceparent === undefined) return undefined;
    const context = contextOf(traceparent, tracestate);
    return context === undefined ? undefined : new PassedTrace(context);
  }

  async close(): Promise<void> {}
}
