import type { Metadata } from '@grpc/grpc-js';
import type { Charge } from '../../common/memory-in-flight';

const KEY = 'nexus-memory';

/** What the messages of a gRPC call are charged for, in the order in which they came. */
export interface CallMemory {
  /** The account of the only message of a call; it is closed with the call. */
  readonly first: Charge;
  /** Hands over the account of the next message of a stream, for the caller to close. */
  next(): Charge;
}

/** Attaches `memory` to the metadata of its call, by which handlers find it. */
export function attachMemory(metadata: Metadata, memory: CallMemory): void {
  metadata.setOpaque(KEY, memory);
}

/** The memory of the call that `metadata` came with. */
export function memoryOf(metadata: Metadata): CallMemory {
  return metadata.getOpaque(KEY) as CallMemory;
}
