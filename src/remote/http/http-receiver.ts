import type { Dispatcher } from 'undici';
import { GrowingBytes } from '../../common/growing-bytes';
import type { NexusError } from '../../common/nexus-error';
import type { TargetTimeouts } from '../target';
import { TargetFailure } from '../target-failure';
import { failureOfError, failureOfStatus } from './http-failure';
import { singleHeader, type HttpHeaders } from './http-message';

/** Maximum size of the body of an error in bytes. */
const MAX_ERROR_BYTES = 64 * 1024;

/** Maximum number of informational responses (1xx) before a response. */
const MAX_HINTS = 16;

/** What all requests to a target have in common. */
export interface HttpTerms {
  readonly timeouts: TargetTimeouts;
  /** Texts that no message may contain. */
  readonly secrets: readonly string[];
}

/** Receives the response of one request from undici. A status of 300 and above is a failure, as is any content coding. */
export abstract class HttpReceiver implements Dispatcher.DispatchHandler {
  /** Whether the response is complete, or has failed. */
  protected isOver = false;
  private controller: Dispatcher.DispatchController | undefined;
  private isAnswered = false;
  private hints = 0;
  private status = 0;
  private headers: HttpHeaders | undefined;
  /** Body of an error. */
  private errorBody: GrowingBytes | undefined;

  constructor(private readonly terms: HttpTerms) {}

  /** Whether it is too late to send the request. */
  get isDone(): boolean {
    return this.isOver;
  }

  /** Receives the head of a response whose status is below 300. */
  protected abstract begin(status: number, headers: HttpHeaders, announced: number): void;
  /** Receives a piece of its body. */
  protected abstract append(chunk: Buffer): void;
  /** The body is complete. */
  protected abstract complete(): void;
  /** There will be no more of the response. Called once, and not after `complete`. */
  protected abstract failed(failure: TargetFailure | NexusError): void;

  /** Ends the request. Repeats do nothing. */
  fail(failure: TargetFailure | NexusError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.controller?.abort(failure);
    this.failed(failure);
  }

  cancel(): void {
    // Every stream is destroyed at its end. An error costs as much as several pieces of it.
    if (this.isOver) return;
    this.fail(new TargetFailure('broken', 'the request was cancelled'));
  }

  protected pause(): void {
    this.controller?.pause();
  }

  protected resume(): void {
    this.controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Thrown before anything is sent, so that undici drops the request and keeps the connection.
    if (this.isOver) throw new TargetFailure('broken', 'the request was cancelled');
    this.controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: HttpHeaders): void {
    if (status < 200) {
      if (++this.hints > MAX_HINTS) this.fail(new TargetFailure('garbage', 'expected a response, got hints'));
      return;
    }
    this.isAnswered = true;
    this.status = status;
    this.headers = headers;
    if (status >= 400) this.errorBody = new GrowingBytes();
    else if (status >= 300) this.fail(failureOfStatus(status, headers, undefined));
    else if (!isPlain(headers['content-encoding']))
      this.fail(
        new TargetFailure('garbage', 'expected a response without content coding, got one', { status }),
      );
    else this.begin(status, headers, announcedBy(headers));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.isOver) return;
    if (this.errorBody === undefined) this.append(chunk);
    else if (this.errorBody.length + chunk.length > MAX_ERROR_BYTES) this.fail(this.refusal(undefined));
    else this.errorBody.append(chunk, NaN);
  }

  onResponseEnd(): void {
    if (this.isOver) return;
    if (this.errorBody !== undefined) return this.fail(this.refusal(this.errorBody.bytes));
    this.isOver = true;
    this.complete();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    // The status of an error counts, even if its explanation is incomplete.
    const progress = { isSent: this.controller !== undefined, isAnswered: this.isAnswered };
    this.failed(
      this.errorBody === undefined
        ? failureOfError(error, progress, this.terms.timeouts)
        : this.refusal(undefined),
    );
  }

  private refusal(body: Buffer | undefined): TargetFailure {
    const coded = !isPlain(this.headers!['content-encoding']);
    return failureOfStatus(this.status, this.headers!, coded ? undefined : body, this.terms.secrets);
  }
}

function isPlain(coding: string | string[] | undefined): boolean {
  return coding === undefined || coding === 'identity' || coding === '';
}

/** Content-Length in bytes; NaN if there is none. */
function announcedBy(headers: HttpHeaders): number {
  const text = singleHeader(headers, 'content-length');
  return text === undefined ? NaN : Number(text);
}
