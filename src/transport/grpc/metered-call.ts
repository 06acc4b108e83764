import { type ServerHttp2Stream, constants } from 'node:http2';
import { Metadata, status, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { Logger } from '@nestjs/common';
import { errors } from '../../common/errors';
import { NexusError } from '../../common/nexus-error';
import { grpcStatusOf } from './grpc-status';
import type { Charge, MemoryInFlight } from '../../common/memory-in-flight';
import type { Pace, Transfer } from '../../common/pace';
import { REQUEST_ID_HEADER } from '../request-id';
import { decompress, isCompression } from '../decompress';
import { attachMemory, type CallMemory } from './call-memory';
import { MessageHeads } from './message-heads';
import { writeInPieces, type Write } from './write-in-pieces';

/**
 * The grpc-js call closest to the network. It buffers a message before any interceptor sees it, so limits must be
 * applied to its stream.
 */
export interface WireCall extends ServerInterceptingCallInterface {
  readonly stream: ServerHttp2Stream;
  readonly metadata: Metadata;
  decompressMessage(message: Buffer, encoding: string): Buffer | Promise<Buffer>;
}

/** The limits of calls. */
export interface CallLimits {
  /** Largest message, in bytes. */
  readonly limit: number;
  readonly memory: MemoryInFlight;
  readonly pace: Pace;
}

/** Each message starts with a flag and a length. */
const HEAD_BYTES = 5;

/** Charges the messages of a call when they begin, and ends the call if the client sends or reads too slowly. */
export class MeteredCall implements CallMemory {
  private readonly logger = new Logger('Transfers');
  private readonly heads = new MessageHeads({
    begins: (length) => this.begin(length),
    ends: () => this.ended(),
  });
  /** Charges of messages that have begun and are not decompressed yet. */
  private readonly arriving: Charge[] = [];
  /** Charges of messages that no handler has received yet. */
  private readonly waiting: Charge[] = [];
  private only: Charge | undefined;
  private receiving: Transfer | undefined;
  private sending: Transfer | undefined;
  private isRefused = false;

  /** @param isStream whether the client may send any number of messages. */
  constructor(
    private readonly call: WireCall,
    private readonly limits: CallLimits,
    private readonly isStream: boolean,
  ) {}

  /** Listens to the stream. Call it before any data can arrive. */
  listen(): void {
    const { call, isStream } = this;
    const { stream } = call;
    attachMemory(call.metadata, this);
    // Before grpc-js, which buffers the bytes.
    stream.prependListener('data', (chunk: Buffer) => this.receive(chunk));
    stream.once('close', () => this.close());
    if (!isStream) {
      this.await();
      stream.once('end', () => this.receiving?.end());
    }
    const undo = call.decompressMessage.bind(call);
    call.decompressMessage = (message, encoding) => this.decompress(message, encoding, undo);
    const write = stream.write.bind(stream) as Write;
    stream.write = ((bytes: Buffer, done: (error?: Error | null) => void) =>
      this.write(bytes, write, done)) as typeof stream.write;
  }

  get first(): Charge {
    return (this.only ??= this.next());
  }

  next(): Charge {
    return this.waiting.shift() ?? this.limits.memory.open('grpc');
  }

  private receive(chunk: Buffer): void {
    if (this.isRefused) return;
    this.heads.take(chunk);
    if (this.receiving !== undefined) this.receiving.moved += chunk.length;
  }

  private begin(length: number): void {
    const charge = this.limits.memory.open('grpc');
    this.arriving.push(charge);
    if (this.isStream) this.await();
    // grpc-js rejects a message that is too large.
    if (this.isRefused || length > this.limits.limit) return;
    try {
      charge.check(length);
      charge.hold(length);
    } catch (error) {
      this.refuse(error as NexusError);
    }
  }

  private ended(): void {
    if (this.isStream) this.receiving?.end();
  }

  /** Starts the timeout of the rest of a message, or of a unary call. */
  private await(): void {
    this.receiving = this.limits.pace.watch(
      () => this.refuse(errors.tooSlow('the message')),
      () => this.call.stream.isPaused(),
    );
  }

  refuse(error: NexusError): void {
    this.isRefused = true;
    this.receiving?.end();
    const { stream } = this.call;
    const isAnswering = stream.headersSent;
    this.call.sendStatus(grpcStatusOf(error));
    // Otherwise a client that never half-closes would keep the stream open. Closing it before the status is sent would
    // lose the status.
    stream.once(isAnswering ? 'wantTrailers' : 'finish', () =>
      setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR)),
    );
  }

  private decompress(
    message: Buffer,
    encoding: string,
    undo: WireCall['decompressMessage'],
  ): Buffer | Promise<Buffer> {
    const charge = this.arriving.shift()!;
    this.waiting.push(charge);
    if (!isCompression(encoding)) return undo(message, encoding);
    const admit = (bytes: number) => charge.hold(message.length + 2 * bytes);
    return decompress(message.subarray(HEAD_BYTES), encoding, this.limits.limit, admit).catch(
      (error: Error) => {
        if (error instanceof NexusError) throw grpcStatusOf(error);
        throw { code: status.INTERNAL, details: 'Failed to decompress message' };
      },
    );
  }

  private write(bytes: Buffer, write: Write, done: (error?: Error | null) => void): boolean {
    const transfer = this.limits.pace.watch(() => {
      const [requestId] = this.call.metadata.get(REQUEST_ID_HEADER);
      this.logger.warn({ requestId, msg: 'the client did not read its response in time; call cancelled' });
      this.call.stream.close(constants.NGHTTP2_CANCEL);
    });
    this.sending = transfer;
    const moved = (count: number) => (transfer.moved += count);
    return writeInPieces(bytes, write, moved, (error) => {
      transfer.end();
      done(error);
    });
  }

  private close(): void {
    this.receiving?.end();
    this.sending?.end();
    this.only?.close();
    for (const charge of [...this.arriving, ...this.waiting]) charge.close();
  }
}
