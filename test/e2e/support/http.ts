import { once } from 'node:events';
import {
  request,
  type Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http';
import { connect } from 'node:net';
import { bytesOf } from '../../fixtures/binary';

/** What is sent. A body of several pieces goes out chunked, without a Content-Length. */
export interface Message {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** Keeps connections. */
  readonly agent?: Agent;
}

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  json(): any;
}

/** Sends a request exactly as given: no header is added, and `path` is not normalised, as fetch would do. */
export async function send(
  url: string,
  path: string,
  { method = 'GET', headers = {}, body = [], agent }: Message = {},
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const outgoing = request({ hostname, port, path, method, headers, agent });
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  if (Array.isArray(body)) {
    for (const piece of body) outgoing.write(piece);
    outgoing.end();
  } else {
    outgoing.end(body);
  }
  const [incoming] = await answered;
  const content = Buffer.concat(await incoming.toArray());
  return {
    status: incoming.statusCode!,
    headers: incoming.headers,
    body: content,
    json: () => JSON.parse(content.toString()),
  };
}

/** Sends bytes over a connection of their own, which the server is to close. Resolves with all that came back. */
export async function sendBytes(url: string, bytes: Uint8Array): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  // A server that has answered need not read the rest.
  socket.on('error', () => {});
  socket.end(bytes);
  const received: Buffer[] = [];
  socket.on('data', (piece: Buffer) => received.push(piece));
  await once(socket, 'close');
  return Buffer.concat(received).toString('latin1');
}

/** The bytes of a V2 message with binary tensors, and the header that tells where they start. */
export function withBinary(json: object, ...tensors: ArrayBufferView[]) {
  const head = Buffer.from(JSON.stringify(json));
  return {
    body: Buffer.concat([head, ...tensors.map(bytesOf)]),
    headers: { 'inference-header-content-length': String(head.length) },
  };
}

/** The JSON and the binary part of an answer; all of it is JSON when no header says otherwise. */
export function split({ headers, body }: Answer): { json: any; binary: Buffer } {
  const length = Number(headers['inference-header-content-length'] ?? body.length);
  return { json: JSON.parse(body.subarray(0, length).toString()), binary: body.subarray(length) };
}
