import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { errorBody } from './error-forms';
import { errors } from '../../common/errors';
import type { NexusError } from '../../common/nexus-error';
import { REQUEST_ID_HEADER } from '../request-id';

/** Node's errors for bytes that it cannot parse as a request: the status and the message for the client. */
const FAULTS: Readonly<Record<string, readonly [status: number, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not arrive in time; send it faster'],
  HPE_HEADER_OVERFLOW: [431, 'the headers of the request are larger than 16 KiB; send fewer or shorter ones'],
};

/** The response to bytes that are not a valid request. */
export interface MalformedAnswer {
  readonly requestId: string;
  readonly status: number;
  readonly error: NexusError;
}

/**
 * Responds to bytes that are not HTTP, that arrive too slowly or whose headers are too large, and closes the connection.
 * Returns the response; undefined if the client has already disconnected, or its TLS handshake has failed.
 */
export function answerMalformed(
  fault: Error & { code?: string },
  socket: Socket,
): MalformedAnswer | undefined {
  if (fault.code === 'ECONNRESET' || !socket.writable || isHandshaking(socket)) {
    socket.destroy();
    return undefined;
  }
  const [status, message] = FAULTS[fault.code ?? ''] ?? [
    400,
    'the bytes received are not an HTTP/1.1 request',
  ];
  const error = errors.invalidInput(message);
  const requestId = randomUUID();
  const body = JSON.stringify(errorBody(error, '/'));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `${REQUEST_ID_HEADER}: ${requestId}`,
    'connection: close',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
  return { requestId, status, error };
}

/** Whether `socket` cannot carry a response yet. */
function isHandshaking(socket: Socket): boolean {
  return socket instanceof TLSSocket && socket.getProtocol() === null;
}
