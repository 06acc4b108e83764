import type { Metadata, status } from '@grpc/grpc-js';
import type { Caller } from '../../identity/caller';
import type { Refusal } from '../../identity/refusal';
import type { NexusError } from '../../common/nexus-error';
import type { Trace } from '../../common/trace';
import type { Passed, Standing } from '../../limits/verdict';
import type { RequestedModel } from './requested-model';
import type { InferenceSummary } from '../../observability/log/request-line';

const KEY = 'nexus';

/** A gRPC call, without its messages. */
export interface GrpcCall {
  readonly requestId: string;
  /** Subject of the verified client certificate of the connection, if there is one. */
  readonly subject: string | undefined;
  /** The client. Set before any handler or guard runs. */
  caller: Caller;
  /** Why its credentials were refused, for its log line. */
  refusal: Refusal | undefined;
  /** The limits that it counts against, for its trailers. */
  standings: readonly Standing[];
  /** Settles what it has taken from the limits of its client when the call ends, or now if it has ended. */
  spend(passed: Passed): void;
  /** Its trace; undefined for most calls, and for streams. */
  readonly trace: Trace | undefined;
  /** Begins the trace of one request of a stream. */
  beginTrace(): Trace | undefined;
  /** Set by the inference methods for the log. */
  inference: InferenceSummary | undefined;
  /** The model that the call names; methods that receive raw bytes set it. */
  requested: RequestedModel | undefined;
  /** Counts and logs a successful request of a stream, and ends its trace; the call itself is counted when it ends. */
  answered(code: status, ms: number, inference: InferenceSummary | undefined, trace: Trace | undefined): void;
  /** Counts and logs a failed request of a stream, and ends its trace. */
  failed(
    code: status,
    ms: number,
    error: NexusError,
    requested: RequestedModel,
    trace: Trace | undefined,
  ): void;
}

/** Attaches `call` to its metadata, where handlers and guards find it. */
export function attachCall(metadata: Metadata, call: GrpcCall): void {
  metadata.setOpaque(KEY, call);
}

/** The call to which `metadata` belongs. */
export function callOf(metadata: Metadata): GrpcCall {
  return metadata.getOpaque(KEY) as GrpcCall;
}
