import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { errors } from '../../common/errors';
import type { NexusError } from '../../common/nexus-error';
import { grpcStatusOf, sendable } from './grpc-status';

type Status = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/** Messages of grpc-js when it rejects a request before a handler sees it, and the error to send instead. */
const REFUSALS: readonly (readonly [message: RegExp, errorFor: (bodyLimit: number) => NexusError])[] = [
  [/^Received message (larger|that decompresses)/, (limit) => errors.bodyTooLarge(limit)],
  [
    /^Error deserializing request/,
    () =>
      errors.invalidInput(
        'the request is not a valid Protocol Buffers message of this method; server reflection describes it',
      ),
  ],
  [
    /^Failed to decompress message/,
    () =>
      errors.invalidInput(
        'cannot decompress the message; compress it with gzip or deflate, as in grpc-encoding',
      ),
  ],
  [
    /^Invalid grpc-timeout value/,
    () => errors.invalidInput('grpc-timeout: expected up to 8 digits and one of H, M, S, m, u, n'),
  ],
];

/** `sent`, or if grpc-js rejected the request, the status of the matching error; grpc-js reports most of them as internal. */
export function corrected(sent: Status, bodyLimit: number): Status {
  const refusal = REFUSALS.find(([message]) => message.test(sent.details));
  return refusal === undefined
    ? { ...sent, details: sendable(sent.details) }
    : grpcStatusOf(refusal[1](bodyLimit));
}
