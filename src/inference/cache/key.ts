import { createHash } from 'node:crypto';
import type { Tensor } from '../../tensor/tensor';

/** This many bytes are hashed in half a millisecond. */
const PIECE_BYTES = 512 * 1024;

/** What an answer depends on. */
export interface Question {
  /** Of the model: equal ones give equal answers to equal inputs. */
  readonly model: string;
  /** Whom the answer is for; empty when it may be given to all. */
  readonly caller: string;
  /** Names of the outputs, in the order of the answer. */
  readonly outputs: readonly string[];
  /** In the model's order. */
  readonly inputs: readonly Tensor[];
}

/**
 * The key of a question: SHA-256 of all that is in it, in 43 characters. Of large inputs, a piece is hashed in a turn of the
 * event loop.
 */
export async function keyOf({ model, caller, outputs, inputs }: Question): Promise<string> {
  const hash = createHash('sha256');
  // The lengths tell where one input ends and the next begins.
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
