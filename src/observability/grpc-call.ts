import type { Metadata, status } from '@grpc/grpc-js';
import type { InferenceSummary } from './request-log';

const KEY = 'nexus';

/** What is known of a gRPC call beside its messages. */
export interface GrpcCall {
  readonly requestId: string;
  /** IP address of the caller. */
  readonly address: string;
  /** Set by the inference methods for the log. */
  inference: InferenceSummary | undefined;
  /** Counts and logs one request of a stream; the call itself is counted when it ends. */
  answered(code: status, ms: number, inference?: InferenceSummary): void;
}

/** Attaches `call` to its metadata, by which handlers and guards find it. */
export function attachCall(metadata: Metadata, call: GrpcCall): void {
  metadata.setOpaque(KEY, call);
}

/** The call that `metadata` came with. */
export function callOf(metadata: Metadata): GrpcCall {
  return metadata.getOpaque(KEY) as GrpcCall;
}
