import type { Metadata } from '@grpc/grpc-js';
import type { NexusError } from '../../common/nexus-error';
import type { Charge } from '../../common/memory-in-flight';

const KEY = 'nexus-memory';

/** The memory charges of the messages of a gRPC call, in order of arrival. */
export interface CallMemory {
  /** The charge of the message of a unary call; closed with the call. */
  readonly first: Charge;
  /** Returns the charge of the next message of a stream. The caller must close it. */
  next(): Charge;
  /** Ends the call with the status of `error`, and discards the rest of its messages. */
  refuse(error: NexusError): void;
}

/** Attaches `memory` to the metadata of its call, where handlers find it. */
export function attachMemory(metadata: Metadata, memory: CallMemory): void {
  metadata.setOpaque(KEY, memory);
}

/** The memory of the call to which `metadata` belongs. */
export function memoryOf(metadata: Metadata): CallMemory {
  return metadata.getOpaque(KEY) as CallMemory;
}
