import { Metadata, status, type StatusObject } from '@grpc/grpc-js';
import { GRPC_STATUS } from '../error-status';
import type { NexusError } from '../../common/errors';

/** Under which metadata keeps the error of a status; it is not sent. */
const ERROR = 'nexus-error';

/** A status travels as a header, and clients refuse headers of more than 8 KiB. */
const LONGEST_DETAILS = 2000;

/** The status that a gRPC call ends with because of `error`; `retry-after` is in its metadata where it has one. */
export function grpcStatusOf(error: NexusError): StatusObject {
  const { kind, message, details } = error;
  const metadata = new Metadata();
  metadata.setOpaque(ERROR, error);
  if (details.retryAfterSeconds !== undefined) metadata.set('retry-after', `${details.retryAfterSeconds}`);
  return { code: status[GRPC_STATUS[kind]], details: sendable(message), metadata };
}

/** The error that a status with `metadata` was made of; undefined when grpc-js made it. */
export function errorOf(metadata: Metadata | null | undefined): NexusError | undefined {
  return metadata?.getOpaque(ERROR) as NexusError | undefined;
}

/** `text` as it can travel in a status: not too long, and without halves of surrogate pairs, which have no encoding. */
export function sendable(text: string): string {
  const short = text.length > LONGEST_DETAILS ? `${text.slice(0, LONGEST_DETAILS)}...` : text;
  return short.toWellFormed();
}
