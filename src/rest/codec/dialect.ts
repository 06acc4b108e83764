import type { IncomingHttpHeaders } from 'node:http';
import type { InferenceRequest, InferenceResult } from '../../inference/request/inference-request';
import type { Signature } from '../../models/signature';
import type { Tokenizer } from '../../tasks/text/tokenizer';
import type { DecodedRequest, EncodedResponse } from './messages';

/**
 * How the messages of an inference protocol over REST are decoded and encoded.
 *
 * For large messages, `decode` and `encode` run on another thread, which receives a structured clone of their arguments.
 * All other members, here and in the interfaces that extend this one, run on the event loop.
 *
 * @typeParam Target what decoding depends on besides the body.
 * @typeParam Answer what encoding depends on. Its `outputs` are the tensors.
 */
export interface Wire<Target, Message extends DecodedRequest, Answer extends InferenceResult> {
  /** The file of the module that exports this dialect, from which the thread loads it. */
  readonly module: string;
  /** The export name of this dialect. */
  readonly name: string;

  /** Media types of pictures or forms that bodies may have; if absent or undefined, none. */
  media?(target: Target): RegExp | undefined;

  /** The length of the JSON before the binary data of a body. If undefined or absent, the whole body is JSON. */
  headerLength?(target: Target): number | undefined;

  /**
   * @throws invalid, or rejects with it, for any mistake in `body`; the message contains its place, what was expected and
   * what was received.
   */
  decode(body: Buffer, target: Target): Message | Promise<Message>;

  /** Whether the output of that name is returned as binary data. If absent, none is. */
  isBinary?(answer: Answer, name: string): boolean;

  encode(answer: Answer): EncodedResponse;
}

/** An inference protocol whose requests name the model in the path. */
export interface Dialect<Target, Message extends DecodedRequest, Answer extends InferenceResult> extends Wire<
  Target,
  Message,
  Answer
> {
  /** @throws invalid if a header is invalid. */
  targetOf(signature: Signature, model: string, headers: IncomingHttpHeaders): Target;

  /** Combines the result of `message` with what `encode` requires. `signature` is the one that `message` was decoded with. */
  answerOf(result: InferenceResult, message: Message, signature: Signature): Answer;
}

/** The model that a request names in its body, once its inputs are known. */
export interface NamedModel {
  readonly model: string;
  readonly signature: Signature;
  /** Undefined for a model without text. */
  readonly tokenizer: Tokenizer | undefined;
}

/** What a request computes, in the terms of its model. */
export type Fitted = Pick<InferenceRequest, 'inputs' | 'outputs' | 'text'>;

/** An inference protocol whose requests name the model in the body, which is therefore decoded first. */
export interface NamedDialect<Message extends DecodedRequest, Answer extends InferenceResult> extends Wire<
  undefined,
  Message,
  Answer
> {
  /** Translates `message` to the inputs and outputs of `model`. @throws invalid if the model does not fit. */
  fit(message: Message, model: NamedModel): Fitted | Promise<Fitted>;

  /** Combines the result of `message` with what `encode` requires. */
  answerOf(result: InferenceResult, message: Message, signature: Signature, fitted: Fitted): Answer;
}
