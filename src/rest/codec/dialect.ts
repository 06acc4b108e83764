import type { IncomingHttpHeaders } from 'node:http';
import type { InferenceResult } from '../../inference/request/inference-request';
import type { Signature } from '../../models/signature';
import type { DecodedRequest, EncodedResponse } from './messages';

/**
 * One way that inference is spoken over REST: how the body of a request is read, and how its answer is written.
 *
 * `decode` and `encode` of large messages run on another thread, which gets a structured clone of what they take. The
 * other members run on the event loop.
 *
 * @typeParam Target what decides, beside the body, how it is read.
 * @typeParam Answer what decides how a result is written. The tensors are those in its `outputs`.
 */
export interface Dialect<Target, Message extends DecodedRequest, Answer extends InferenceResult> {
  /** The file of the module that exports this dialect: the thread loads it. */
  readonly module: string;
  /** The name that it exports it by. */
  readonly name: string;

  /** @throws invalid when a header is not what it has to be. */
  targetOf(signature: Signature, model: string, headers: IncomingHttpHeaders): Target;

  /** Bytes of JSON before the binary data of a body; undefined, or without this method, all of it is JSON. */
  headerLength?(target: Target): number | undefined;

  /** @throws invalid for everything that is wrong with `body`, naming the place, what was expected and what came. */
  decode(body: Buffer, target: Target): Message;

  /** What `encode` has to know of the result of `message`, which `signature` was decoded with. */
  answerOf(result: InferenceResult, message: Message, signature: Signature): Answer;

  /** Whether the output of that name is answered as binary data; without this method, none is. */
  isBinary?(answer: Answer, name: string): boolean;

  encode(answer: Answer): EncodedResponse;
}
