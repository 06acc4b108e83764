import { createHash } from 'node:crypto';
import { hashInPieces } from '../../common/hash-in-pieces';
import type { TextOptions } from '../../tasks/text/text-options';
import type { Tensor } from '../../tensor/tensor';

/** Everything that a response depends on. */
export interface Question {
  /** Identifies the model: models with the same value return the same outputs for the same inputs. */
  readonly model: string;
  /** The client that the response is for; empty if clients share responses. */
  readonly caller: string;
  /** Names of the outputs, in the order of the response. */
  readonly outputs: readonly string[];
  /** In the model's order. */
  readonly inputs: readonly Tensor[];
  /** What the request sets for its texts. */
  readonly text: TextOptions | undefined;
}

/**
 * The cache key of a question: the SHA-256 of its contents, 43 characters long. Large inputs are hashed in pieces, one
 * per turn of the event loop.
 */
export async function keyOf({ model, caller, outputs, inputs, text }: Question): Promise<string> {
  const hash = createHash('sha256');
  // The lengths separate the inputs.
  const forms = inputs.map(({ name, datatype, shape, data }) => [name, datatype, shape, data.byteLength]);
  hash.update(JSON.stringify([model, caller, outputs, forms, text]));
  await hashInPieces(
    hash,
    inputs.map(({ data }) => data),
  );
  return hash.digest('base64url');
}
