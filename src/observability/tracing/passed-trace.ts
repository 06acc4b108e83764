import type { Trace, TraceContext } from '../../common/trace';

/** Version 00, which has four fields, or a later version, which may continue after a hyphen. Ids of zeros are invalid. */
const TRACEPARENT =
  /^(?:00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}|(?!00|ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-.{0,200})?)$/;

/** Printable ASCII, which HTTP and gRPC can both send. W3C Trace Context requires up to 512 characters to be passed on. */
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

/** The trace of a request that is not sampled, whose context other servers receive unchanged. */
export class PassedTrace implements Trace {
  readonly isSampled = false;
  readonly traceId = '';
  readonly spanId = '';

  constructor(readonly context: TraceContext) {}

  set(): void {}

  describe(): void {}

  serve(): void {}

  begin(): Trace {
    return this;
  }

  record(): void {}

  recordRun(): void {}

  end(): void {}
}

/** The context in the headers of a request; undefined if there is none, or if it is not valid and must be ignored. */
export function contextOf(traceparent: string, tracestate: string | undefined): TraceContext | undefined {
  if (!TRACEPARENT.test(traceparent)) return undefined;
  const isValid = tracestate !== undefined && TRACESTATE.test(tracestate);
  return { traceparent, tracestate: isValid ? tracestate : undefined };
}
