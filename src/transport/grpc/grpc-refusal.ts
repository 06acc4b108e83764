import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { errors, type NexusError } from '../../common/errors';
import { grpcStatusOf, sendable } from './grpc-status';

type Status = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/** What grpc-js refuses by itself, before a handler hears of it: what it says, and the error that it means. */
const REFUSALS: readonly (readonly [said: RegExp, meant: (bodyLimit: number) => NexusError])[] = [
  [/^Received message (larger|that decompresses)/, (limit) => errors.bodyTooLarge(limit)],
  [
    /^Error deserializing request/,
    () =>
      errors.invalidInput(
        'the message is not the Protocol Buffers message of this method; server reflection describes it',
      ),
  ],
  [
    /^Failed to decompress message/,
    () =>
      errors.invalidInput('the message is not compressed as grpc-encoding says; expected gzip or deflate'),
  ],
  [
    /^Invalid grpc-timeout value/,
    () => errors.invalidInput('grpc-timeout: expected up to 8 digits and one of H, M, S, m, u, n'),
  ],
];

/** `sent`, or where grpc-js made it of a client's mistake, the status of the catalogue: grpc-js calls most of them internal. */
export function corrected(sent: Status, bodyLimit: number): Status {
  const refusal = REFUSALS.find(([said]) => said.test(sent.details));
  return refusal === undefined
    ? { ...sent, details: sendable(sent.details) }
    : grpcStatusOf(refusal[1](bodyLimit));
}
