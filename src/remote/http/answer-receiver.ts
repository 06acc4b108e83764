import { GrowingBytes } from '../../common/growing-bytes';
import type { NexusError } from '../../common/nexus-error';
import type { Attempt } from '../attempt';
import { TargetFailure } from '../target-failure';
import type { HttpAnswer, HttpHeaders } from './http-message';
import { HttpReceiver, type HttpTerms } from './http-receiver';

/** Receives a whole response, of at most `limit` bytes. Its memory is charged before it is used. */
export class AnswerReceiver extends HttpReceiver {
  private readonly received = new GrowingBytes();
  private code = 0;
  private head: HttpHeaders = {};
  private announced = NaN;
  /** Bytes that are charged. */
  private held = 0;

  constructor(
    terms: HttpTerms,
    private readonly limit: number,
    private readonly attempt: Attempt,
    private readonly resolve: (answer: HttpAnswer) => void,
    private readonly reject: (failure: TargetFailure | NexusError) => void,
  ) {
    super(terms);
  }

  protected begin(status: number, headers: HttpHeaders, announced: number): void {
    this.code = status;
    this.head = headers;
    this.announced = announced;
    if (announced > this.limit) this.fail(this.tooLarge(`${announced} bytes`));
    else this.hold(announced || 0);
  }

  protected append(chunk: Buffer): void {
    const length = this.received.length + chunk.length;
    if (length > this.limit) this.fail(this.tooLarge('more'));
    // Twice as much as is there, as the buffer grows.
    else if (length <= this.held || this.hold(this.received.length === 0 ? length : 2 * length))
      this.received.append(chunk, this.announced);
  }

  protected complete(): void {
    this.resolve({ status: this.code, headers: this.head, body: this.received.bytes });
  }

  protected failed(failure: TargetFailure | NexusError): void {
    this.reject(failure);
  }

  /** Returns false if there is no memory for `bytes`, which ends the request. */
  private hold(bytes: number): boolean {
    try {
      this.attempt.hold(bytes);
    } catch (error) {
      this.fail(error as NexusError);
      return false;
    }
    this.held = bytes;
    return true;
  }

  private tooLarge(got: string): TargetFailure {
    return new TargetFailure('garbage', `expected a response of at most ${this.limit} bytes, got ${got}`, {
      status: this.code,
    });
  }
}
