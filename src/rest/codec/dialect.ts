import type { IncomingHttpHeaders } from 'node:http';
import type { InferenceResult } from '../../inference/request/inference-request';
import type { Signature } from '../../models/signature';
import type { DecodedRequest, EncodedResponse } from './messages';

/**
 * An inference protocol over REST: decodes request bodies and encodes responses.
 *
 * For large messages, `decode` and `encode` run on another thread, which receives a structured clone of their arguments.
 * The other members run on the event loop.
 *
 * @typeParam Target what decoding depends on besides the body.
 * @typeParam Answer what encoding depends on. Its `outputs` are the tensors.
 */
export interface Dialect<Target, Message extends DecodedRequest, Answer extends InferenceResult> {
  /** The file of the module that exports this dialect, from which the thread loads it. */
  readonly module: string;
  /** The export name of this dialect. */
  readonly name: string;

  /** Media types of pictures or forms that bodies may have; if absent, none. */
  readonly media?: RegExp;

  /** @throws invalid if a header is invalid. */
  targetOf(signature: Signature, model: string, headers: IncomingHttpHeaders): Target;

  /** The length of the JSON before the binary data of a body. If undefined or absent, the whole body is JSON. */
  headerLength?(target: Target): number | undefined;

  /**
   * @throws invalid, or rejects with it, for any mistake in `body`; the message contains its place, what was expected and
   * what was received.
   */
  decode(body: Buffer, target: Target): Message | Promise<Message>;

  /** Combines the result of `message` with what `encode` requires. `signature` is the one that `message` was decoded with. */
  answerOf(result: InferenceResult, message: Message, signature: Signature): Answer;

  /** Whether the output of that name is returned as binary data. If absent, none is. */
  isBinary?(answer: Answer, name: string): boolean;

  encode(answer: Answer): EncodedResponse;
}
