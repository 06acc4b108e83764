import type { Readable } from 'node:stream';

/** A request of the OpenAI API that a target answers. Its body is forwarded unchanged, except for the name of the model. */
export interface ForwardedRequest {
  /** Path below the URL of the target, such as `/chat/completions`. */
  readonly path: string;
  readonly contentType: string;
  /** The bytes of the body, for a target that calls the model `model`. */
  bodyFor(model: string): readonly Uint8Array[];
  /** Headers of the client that are forwarded, in lower case, such as `openai-beta`. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The response of a target, whose status is below 400. */
export interface ForwardedAnswer {
  readonly status: number;
  readonly contentType: string;
  /** Its Content-Length; undefined for a stream. */
  readonly length: number | undefined;
  /** Other headers that are forwarded to the client, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body. An error of the stream is a TargetFailure. Destroying it ends the request. */
  readonly body: Readable;
}
