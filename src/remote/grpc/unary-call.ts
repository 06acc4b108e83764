import { status, type InterceptingListener, type Metadata, type StatusObject } from '@grpc/grpc-js';
import type { TraceContext } from '../../common/trace';
import type { Placed } from '../../common/bag';
import type { NexusError } from '../../common/nexus-error';
import type { Attempt } from '../attempt';
import type { TargetTimeouts } from '../target';
import { TargetFailure } from '../target-failure';
import type { ChannelCall, TargetChannel } from './channel';
import { failureOf } from './status-failure';

/** What the calls of a connection have in common. */
export interface CallSettings {
  readonly channel: TargetChannel;
  readonly metadata: Metadata;
  readonly timeouts: TargetTimeouts;
  /** Texts that an explanation of the target must not contain. */
  readonly secrets: readonly string[];
}

/**
 * A call with one request and one response, as bytes. It uses the channel itself: a Client of grpc-js creates an event
 * emitter, interceptors and the stack of an error for each call.
 */
export class UnaryCall implements InterceptingListener, Placed {
  place = -1;
  /** Whether the target does not implement the method. Known when the call has failed. */
  isUnimplemented = false;
  private readonly call: ChannelCall;
  private response: Buffer | undefined;
  private failure: TargetFailure | NexusError | undefined;
  /** When the headers of the response arrived; 0 before. */
  private answeredAt = 0;
  private hasEnded = false;
  private isConnected: boolean;
  /** Time of {@link timer} in milliseconds. */
  private limit = 0;
  private timer: NodeJS.Timeout;

  /**
   * Starts the call.
   * @param done receives the response, or a TargetFailure or the error of {@link Attempt.hold}.
   */
  constructor(
    private readonly settings: CallSettings,
    path: string,
    request: Buffer,
    private readonly attempt: Attempt,
    private readonly done: (failure: Error | undefined, response: Buffer | undefined) => void,
  ) {
    const { channel, metadata, timeouts } = settings;
    const remaining = Math.min(attempt.deadline - performance.now(), timeouts.totalMs);
    this.isConnected = channel.isReady;
    this.timer = this.expireIn(this.isConnected ? timeouts.firstByteMs : timeouts.connectMs);
    this.call = channel.createCall(path, Date.now() + remaining);
    this.call.start(withContext(metadata, attempt.traceContext), this);
    this.call.sendMessageWithContext({}, request);
    this.call.startRead();
    this.call.halfClose();
    attempt.onCancel = () => this.fail(new TargetFailure('broken', 'the request was cancelled'));
  }

  onReceiveMetadata(): void {
    if (this.hasEnded) return;
    this.answeredAt = performance.now();
    const { idleMs } = this.settings.timeouts;
    if (idleMs >= this.limit) return;
    clearTimeout(this.timer);
    this.timer = this.expireIn(idleMs);
  }

  onReceiveMessage(message: Buffer): void {
    if (this.response !== undefined) {
      this.fail(new TargetFailure('garbage', 'expected one response, got several'));
      return;
    }
    if (this.failure !== undefined) return;
    try {
      this.attempt.hold(message.length);
    } catch (error) {
      this.fail(error as NexusError);
      return;
    }
    this.response = message;
    this.call.startRead();
  }

  onReceiveStatus(ended: StatusObject): void {
    clearTimeout(this.timer);
    this.hasEnded = true;
    this.isUnimplemented = ended.code === status.UNIMPLEMENTED;
    const { secrets } = this.settings;
    if (this.failure === undefined && ended.code !== status.OK)
      this.failure = failureOf({ status: ended, isAnswered: this.answeredAt > 0, secrets });
    else if (this.response === undefined)
      this.failure ??= new TargetFailure('garbage', 'expected a response, got none');
    this.done(this.failure, this.response);
  }

  /** Ends the call. It fails with `failure` unless it has ended. */
  fail(failure: TargetFailure | NexusError): void {
    if (this.hasEnded) return;
    this.failure ??= failure;
    this.call.cancelWithStatus(status.CANCELLED, '');
  }

  private expireIn(ms: number): NodeJS.Timeout {
    this.limit = ms;
    return setTimeout(() => this.expire(), ms);
  }

  /** One timer for all limits, because most calls end long before the first. */
  private expire(): void {
    const { connectMs, firstByteMs, idleMs } = this.settings.timeouts;
    if (this.answeredAt > 0) {
      // grpc-js does not report the bytes of a message before it is complete.
      const remaining = this.answeredAt + idleMs - performance.now();
      if (remaining > 0) this.timer = this.expireIn(remaining);
      else this.timeOut('broken', `expected the end of the response within ${idleMs} ms of its start`);
    } else if (this.isConnected)
      this.timeOut('broken', `expected a response within ${firstByteMs} ms, got none`);
    else if (this.settings.channel.isReady) {
      this.isConnected = true;
      this.timer = this.expireIn(firstByteMs);
    } else {
      this.timeOut('connect', `expected a connection within ${connectMs} ms, got none`);
      this.settings.channel.abandonAttempts();
    }
  }

  private timeOut(kind: 'connect' | 'broken', message: string): void {
    this.fail(new TargetFailure(kind, message, { timedOut: true }));
  }
}

/** `metadata`, with the position in a trace if there is one. */
function withContext(metadata: Metadata, context: TraceContext | undefined): Metadata {
  if (context === undefined) return metadata;
  const sent = metadata.clone();
  sent.set('traceparent', context.traceparent);
  if (context.tracestate !== undefined) sent.set('tracestate', context.tracestate);
  return sent;
}
