import { ServerCredentials, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { Http2Session } from 'node:http2';
import type { Certificates } from './certificates';
import { clientSubjectOf, type ClientSocket } from './client-subject';

/** Credentials of a gRPC server that follow the files of `certificates`. A client without a required certificate is disconnected. */
export class FileCredentials extends ServerCredentials {
  constructor(certificates: Certificates) {
    super({ ...certificates.handshake, rejectUnauthorized: true }, certificates.context);
    certificates.onChange((context) => this.updateSecureContextOptions(context));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/** {@link clientSubjectOf} the connection of `call`, which must be the call closest to the network. */
export function clientSubjectOfCall(call: ServerInterceptingCallInterface): string | undefined {
  // grpc-js does not expose the stream.
  const { stream } = call as unknown as { readonly stream: { readonly session?: Http2Session } };
  // A stream that has ended has no session.
  const socket = stream.session?.socket as ClientSocket | undefined;
  return socket && clientSubjectOf(socket);
}
