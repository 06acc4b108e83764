import type { Readable } from 'node:stream';

/** Headers of a response by their names in lower case. A repeated header is an array. */
export type HttpHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** A request to a target. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Path below the URL of the target, such as `/v2/models/digits`. Names in it are percent-encoded. */
  readonly path: string;
  /** Names in lower case and values in turn. The configured headers of the target take precedence. */
  readonly headers: readonly string[];
  /** The pieces of the body in their order; empty without a body. */
  readonly body: readonly Uint8Array[];
}

/** A whole response, whose status is below 300. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly body: Buffer;
}

/** A response, whose status is below 300, and whose body is still to come. */
export interface HttpStream {
  readonly status: number;
  readonly headers: HttpHeaders;
  /** The body, with backpressure. An error of it is a TargetFailure. Destroying it ends the request. */
  readonly body: Readable;
}

/** The value of a header that must not be repeated: undefined if it is missing or repeated. */
export function singleHeader(headers: HttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
