import { Metadata, status, type StatusObject } from '@grpc/grpc-js';
import { GRPC_STATUS, type NexusError } from './errors';

/** A status travels as a header, and clients refuse headers of more than 8 KiB. */
const LONGEST_DETAILS = 2000;

/** The status that a gRPC call ends with because of `error`; `retry-after` is in its metadata where it has one. */
export function grpcStatusOf({ kind, message, details }: NexusError): StatusObject {
  const metadata = new Metadata();
  if (details.retryAfterSeconds !== undefined) metadata.set('retry-after', `${details.retryAfterSeconds}`);
  return { code: status[GRPC_STATUS[kind]], details: sendable(message), metadata };
}

/** `text` as it can travel in a status: not too long, and without halves of surrogate pairs, which have no encoding. */
export function sendable(text: string): string {
  const short = text.length > LONGEST_DETAILS ? `${text.slice(0, LONGEST_DETAILS)}...` : text;
  return short.toWellFormed();
}
