import { buildConnector, Pool, type Dispatcher } from 'undici';
import { bufferOf } from '../../common/buffer-of';
import type { TraceContext } from '../../common/trace';
import type { Attempt } from '../attempt';
import { secretsOf } from '../explanation';
import type { Target, TargetTimeouts } from '../target';
import { AnswerReceiver } from './answer-receiver';
import type { HttpAnswer, HttpRequest, HttpStream } from './http-message';
import type { HttpReceiver, HttpTerms } from './http-receiver';
import { StreamReceiver } from './stream-receiver';

/** Maximum size of the headers of a response in bytes. */
const MAX_HEADER_BYTES = 16 * 1024;

/** The pieces of a body up to this size are copied into one buffer, which is cheaper than several writes. */
const MAX_COPIED_BYTES = 512 * 1024;

/**
 * Keeps HTTP/1.1 connections to one target, which are opened as they are needed. It follows no redirects and uses no proxy. HTTP/2 is off: undici 7 sends one
 * request at a time per HTTP/2 connection, does not keep the peer's limit of streams, and does not close idle ones. In undici
 * 8, a large request fails the others on its connection, and a GOAWAY delays new requests until those in flight have ended.
 */
export class HttpPool {
  private readonly pool: Pool;
  private readonly terms: HttpTerms;
  /** Path of the target's URL without a trailing slash. */
  private readonly prefix: string;
  /** Headers of each request: names and values in turn. */
  private readonly own: readonly string[];
  private readonly ownNames: ReadonlySet<string>;

  constructor(target: Target, timeouts: TargetTimeouts) {
    const { origin, pathname } = new URL(target.url);
    this.prefix = pathname.replace(/\/+$/, '');
    this.terms = { timeouts, secrets: secretsOf(target) };
    const headers = { ...target.headers, 'accept-encoding': 'identity' };
    this.own = Object.entries(headers).flat();
    this.ownNames = new Set(Object.keys(headers));
    this.pool = new Pool(origin, {
      // One more than requests can be in flight, for health checks.
      connections: target.maxInFlight + 1,
      connect: connectorOf(target, timeouts),
      headersTimeout: timeouts.firstByteMs,
      bodyTimeout: timeouts.idleMs,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
  }

  /**
   * Sends `request` and receives the whole response.
   * @param limit maximum size of the body in bytes.
   * @throws TargetFailure, or the error of {@link Attempt.hold}
   */
  exchange(request: HttpRequest, limit: number, attempt: Attempt): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      this.send(request, new AnswerReceiver(this.terms, limit, attempt, resolve, reject), attempt);
    });
  }

  /**
   * Sends `request`. Resolves when the head of the response has arrived.
   * @throws TargetFailure
   */
  stream(request: HttpRequest, attempt: Attempt): Promise<HttpStream> {
    return new Promise((resolve, reject) => {
      this.send(request, new StreamReceiver(this.terms, resolve, reject), attempt);
    });
  }

  /** Closes all connections. Requests in flight fail. */
  close(): Promise<void> {
    return this.pool.destroy();
  }

  private send(request: HttpRequest, receiver: HttpReceiver, attempt: Attempt): void {
    attempt.onCancel = () => receiver.cancel();
    if (receiver.isDone) return;
    const { method, path, body } = request;
    const length = lengthOf(body);
    const headers = this.headersOf(request.headers, attempt.traceContext);
    const isWhole = length <= MAX_COPIED_BYTES || body.length === 1;
    if (!isWhole) headers.push('content-length', String(length));
    const options: Dispatcher.DispatchOptions = {
      method,
      path: this.prefix + path,
      headers,
      body: isWhole ? joined(body, length) : (body as unknown as Buffer),
    };
    this.pool.dispatch(options, receiver);
  }

  private headersOf(others: readonly string[], trace: TraceContext | undefined): string[] {
    const headers = [...this.own];
    if (trace !== undefined) headers.push('traceparent', trace.traceparent);
    if (trace?.tracestate !== undefined) headers.push('tracestate', trace.tracestate);
    for (let index = 0; index < others.length; index += 2) {
      const name = others[index]!;
      if (!this.ownNames.has(name)) headers.push(name, others[index + 1]!);
    }
    return headers;
  }
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  let length = 0;
  for (const piece of pieces) length += piece.byteLength;
  return length;
}

function joined(pieces: readonly Uint8Array[], length: number): Buffer | null {
  if (pieces.length === 0) return null;
  return pieces.length === 1 ? bufferOf(pieces[0]!) : Buffer.concat(pieces, length);
}

function connectorOf({ tls }: Target, { connectMs }: TargetTimeouts): buildConnector.connector {
  const connect = buildConnector({
    timeout: connectMs,
    allowH2: false,
    ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls?.certificate === undefined ? {} : { cert: tls.certificate }),
    ...(tls?.key === undefined ? {} : { key: tls.key }),
  });
  const serverName = tls?.serverName;
  if (serverName === undefined) return connect;
  return (options, callback) => connect({ ...options, servername: serverName }, callback);
}
