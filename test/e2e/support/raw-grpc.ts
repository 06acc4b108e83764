import { once } from 'node:events';
import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from 'node:http2';

/** What came back of a call: the headers and trailers together, and how the stream was reset when it was. */
export interface RawAnswer {
  readonly headers: IncomingHttpHeaders & IncomingHttpStatusHeader;
  readonly body: Buffer;
  readonly reset: number;
}

/** gRPC without a library: streams of HTTP/2 with any headers and any bytes. */
export class RawGrpc {
  private session: ClientHttp2Session | undefined;

  /** `address` is `<host>:<port>`. */
  constructor(private readonly address: string) {}

  /** Sends one stream to its end and resolves when it is closed, by whom- and however. */
  async call(headers: OutgoingHttpHeaders, pieces: readonly Uint8Array[]): Promise<RawAnswer> {
    const stream = this.open(headers);
    const closed = once(stream, 'close');
    let answered: RawAnswer['headers'] = {};
    const body: Buffer[] = [];
    stream.on('response', (first) => (answered = { ...answered, ...first }));
    stream.on('trailers', (last) => (answered = { ...answered, ...last }));
    stream.on('data', (piece: Buffer) => body.push(piece));
    // How it ended is told by its close.
    stream.on('error', () => {});
    for (const piece of pieces) stream.write(piece);
    stream.end();
    await closed.catch(() => {});
    return { headers: answered, body: Buffer.concat(body), reset: stream.rstCode ?? 0 };
  }

  /** Sends the beginning of a stream and takes it back at once. */
  async abandon(headers: OutgoingHttpHeaders, pieces: readonly Uint8Array[]): Promise<void> {
    const stream = this.open(headers);
    stream.on('error', () => {});
    for (const piece of pieces) stream.write(piece);
    stream.close(constants.NGHTTP2_CANCEL);
    await once(stream, 'close').catch(() => {});
  }

  close(): void {
    this.session?.close();
  }

  /** Opens a stream, to be written to and ended by the caller. */
  open(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    return this.connected().request({ ':method': 'POST', ...CALL, ...headers }, { endStream: false });
  }

  /** A server may well close a connection on which nonsense came: the next call has a new one. */
  private connected(): ClientHttp2Session {
    if (this.session === undefined || this.session.closed || this.session.destroyed) {
      this.session = connect(`http://${this.address}`);
      this.session.on('error', () => {});
    }
    return this.session;
  }
}

const CALL = { 'content-type': 'application/grpc', te: 'trailers' };

/** A message of gRPC as it stands in a stream: a flag, its length and its bytes. */
export function framed(message: Uint8Array, flag = 0, length = message.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}
