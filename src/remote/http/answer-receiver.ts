import { GrowingBytes } from '../../common/growing-bytes';
import { TargetFailure } from '../target-failure';
import type { HttpAnswer, HttpHeaders } from './http-message';
import { HttpReceiver, type HttpTerms } from './http-receiver';

/** Receives a whole response, of at most `limit` bytes. */
export class AnswerReceiver extends HttpReceiver {
  private readonly received = new GrowingBytes();
  private code = 0;
  private head: HttpHeaders = {};
  private announced = NaN;

  constructor(
    terms: HttpTerms,
    private readonly limit: number,
    private readonly resolve: (answer: HttpAnswer) => void,
    private readonly reject: (failure: TargetFailure) => void,
  ) {
    super(terms);
  }

  protected begin(status: number, headers: HttpHeaders, announced: number): void {
    this.code = status;
    this.head = headers;
    this.announced = announced;
    if (announced > this.limit) this.fail(this.tooLarge(`${announced} bytes`));
  }

  protected append(chunk: Buffer): void {
    if (this.received.length + chunk.length > this.limit) this.fail(this.tooLarge('more'));
    else this.received.append(chunk, this.announced);
  }

  protected complete(): void {
    this.resolve({ status: this.code, headers: this.head, body: this.received.bytes });
  }

  protected failed(failure: TargetFailure): void {
    this.reject(failure);
  }

  private tooLarge(got: string): TargetFailure {
    return new TargetFailure('garbage', `expected a response of at most ${this.limit} bytes, got ${got}`, {
      status: this.code,
    });
  }
}
