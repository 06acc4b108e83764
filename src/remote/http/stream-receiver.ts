import { Readable } from 'node:stream';
import type { NexusError } from '../../common/nexus-error';
import { TargetFailure } from '../target-failure';
import type { HttpHeaders, HttpStream } from './http-message';
import { HttpReceiver, type HttpTerms } from './http-receiver';

/** Bytes of a response that wait for a slow reader, before the connection is no longer read. */
const HIGH_WATER_MARK = 32 * 1024;

/** Receives a response piece by piece. */
export class StreamReceiver extends HttpReceiver {
  private body: Readable | undefined;
  private readonly timer: NodeJS.Timeout;

  constructor(
    terms: HttpTerms,
    private readonly resolve: (stream: HttpStream) => void,
    private readonly reject: (failure: TargetFailure | NexusError) => void,
  ) {
    super(terms);
    const { totalMs } = terms.timeouts;
    this.timer = setTimeout(() => this.expire(totalMs), totalMs).unref();
  }

  protected begin(status: number, headers: HttpHeaders): void {
    this.body = new Readable({
      highWaterMark: HIGH_WATER_MARK,
      read: () => this.resume(),
      destroy: (error, done) => {
        this.cancel();
        done(error);
      },
    });
    // It can fail before the receiver of the response listens, who finds the error in the stream.
    this.body.on('error', () => {});
    this.resolve({ status, headers, body: this.body });
  }

  protected append(chunk: Buffer): void {
    if (!this.body!.push(chunk)) this.pause();
  }

  protected complete(): void {
    clearTimeout(this.timer);
    this.body!.push(null);
  }

  protected failed(failure: TargetFailure | NexusError): void {
    clearTimeout(this.timer);
    if (this.body === undefined) this.reject(failure);
    else this.body.destroy(failure);
  }

  private expire(totalMs: number): void {
    this.fail(
      new TargetFailure('broken', `expected the whole response within ${totalMs} ms, got a part`, {
        timedOut: true,
      }),
    );
  }
}
