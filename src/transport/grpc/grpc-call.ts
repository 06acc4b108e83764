import type { Metadata, status } from '@grpc/grpc-js';
import type { NexusError } from '../../common/errors';
import type { InferenceSummary } from '../../observability/log/request-line';

const KEY = 'nexus';

/** A model, and the version that is asked for, where one is. */
export interface AskedModel {
  readonly model: string;
  readonly version?: string | undefined;
}

/** What is known of a gRPC call beside its messages. */
export interface GrpcCall {
  readonly requestId: string;
  /** IP address of the caller. */
  readonly address: string;
  /** Set by the inference methods for the log. */
  inference: InferenceSummary | undefined;
  /** The model that the call names; set by methods whose messages are bytes until they are read. */
  asked: AskedModel | undefined;
  /** Counts and logs one request of a stream that succeeded; the call itself is counted when it ends. */
  answered(code: status, ms: number, inference?: InferenceSummary): void;
  /** As {@link answered}, for a request that failed. */
  failed(code: status, ms: number, error: NexusError, asked: AskedModel): void;
}

/** Attaches `call` to its metadata, by which handlers and guards find it. */
export function attachCall(metadata: Metadata, call: GrpcCall): void {
  metadata.setOpaque(KEY, call);
}

/** The call that `metadata` came with. */
export function callOf(metadata: Metadata): GrpcCall {
  return metadata.getOpaque(KEY) as GrpcCall;
}
