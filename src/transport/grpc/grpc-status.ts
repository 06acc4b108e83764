import { Metadata, status, type StatusObject } from '@grpc/grpc-js';
import { CHALLENGE } from '../challenge';
import { DETAILS_KEY, retryStatus } from '../../common/retry-info';
import { GRPC_STATUS } from '../error-status';
import type { NexusError } from '../../common/nexus-error';

/** Metadata key of the error of a status. It is not sent. */
const ERROR = 'nexus-error';

/** A status is sent as a header, and clients reject headers larger than 8 KiB. */
const MAX_DETAILS_LENGTH = 2000;

/**
 * The status of a gRPC call that fails with `error`. If the error has a time to retry, its metadata contains `retry-after`
 * and a google.rpc.RetryInfo.
 */
export function grpcStatusOf(error: NexusError): StatusObject {
  const { kind, message, details } = error;
  const metadata = new Metadata();
  metadata.setOpaque(ERROR, error);
  const code = status[GRPC_STATUS[kind]];
  const text = sendable(message);
  const { retryAfterSeconds } = details;
  if (retryAfterSeconds !== undefined) {
    metadata.set('retry-after', String(retryAfterSeconds));
    metadata.set(DETAILS_KEY, retryStatus(code, text, retryAfterSeconds));
  }
  if (kind === 'unauthenticated') metadata.set('www-authenticate', CHALLENGE);
  return { code, details: text, metadata };
}

/** The error of the status with `metadata`; undefined if grpc-js created the status. */
export function errorOf(metadata: Metadata | null | undefined): NexusError | undefined {
  return metadata?.getOpaque(ERROR) as NexusError | undefined;
}

/** `text` truncated for a status, and without lone surrogates, which cannot be encoded. */
export function sendable(text: string): string {
  const short = text.length > MAX_DETAILS_LENGTH ? `${text.slice(0, MAX_DETAILS_LENGTH)}...` : text;
  return short.toWellFormed();
}
