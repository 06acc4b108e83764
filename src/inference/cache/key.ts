import { createHash } from 'node:crypto';
import type { Tensor } from '../../tensor/tensor';

/** Hashing this many bytes takes half a millisecond. */
const PIECE_BYTES = 512 * 1024;

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
}

/**
 * The cache key of a question: the SHA-256 of its contents, 43 characters long. Large inputs are hashed in pieces, one
 * per turn of the event loop.
 */
export async function keyOf({ model, caller, outputs, inputs }: Question): Promise<string> {
  const hash = createHash('sha256');
  // The lengths separate the inputs.
  const forms = inputs.map(({ name, datatype, shape, data }) => [name, datatype, shape, data.byteLength]);
  hash.update(JSON.stringify([model, caller, outputs, forms]));
  let hashed = 0;
  for (const { data } of inputs) {
    for (let start = 0; start < data.byteLength; start += PIECE_BYTES) {
      const piece = data.subarray(start, start + PIECE_BYTES);
      if (hashed + piece.byteLength > PIECE_BYTES) {
        await nextTurn();
        hashed = 0;
      }
      hash.update(piece);
      hashed += piece.byteLength;
    }
  }
  return hash.digest('base64url');
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
