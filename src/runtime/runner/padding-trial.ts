import { Tensor as OrtTensor } from 'onnxruntime-node';
import type { TensorSpec } from '../../tensor/tensor';
import { agree, OTHER_SIZE } from '../agreement';
import { madeUpRows, type Recipe } from './made-up-rows';
import { numbersOf } from './onnx-types';
import type { OrtTensors, SessionRun } from './session-run';

/** The inputs that can be padded: the ids with any token, the others with zeros. */
const IDS = 'input_ids';
const MASK = 'attention_mask';
const PADDED: readonly string[] = [IDS, MASK, 'token_type_ids'];

/** Ranges of ids to try, largest first. A model accepts only ids within its vocabulary. */
const IDS_TO_TRY: readonly Recipe['integers'][] = ['ids', 'small', 'bits'];

/** The bits of 1 as a half float. */
const HALF_ONE = 0x3c00;

/** Tokens of the short text, and of the text that it is padded for. */
const SHORT = 6;
const LONG = 11;

/** A generated text: its own tokens, then padding. */
interface Text {
  readonly row: number;
  readonly length: number;
}

/**
 * Tests whether texts of different lengths can share a run: whether a text has the same outputs alone, padded, and padded
 * beside a longer text. Returns why not; empty if they can, or if the model has no input `input_ids`.
 * @param outputs outputs to compare. If they have a dimension for the tokens, those of the padding are ignored.
 */
export async function unpaddableReason(
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
  run: SessionRun,
): Promise<string> {
  if (!inputs.some(({ name }) => name === IDS)) return '';
  if (!inputs.some(({ name }) => name === MASK)) return `the model has no input '${MASK}'`;
  for (const { name, shape } of inputs) {
    if (!PADDED.includes(name)) return `it is not known how to pad the input '${name}'`;
    if (shape.length !== 2 || shape[1] !== -1) return `the input '${name}' has no variable length`;
  }
  const names = outputs.map(({ name }) => name);
  let failed = '';
  for (const integers of IDS_TO_TRY) {
    const outputsOf = (texts: readonly Text[], length: number) =>
      run(feedsOf(inputs, texts, length, integers), names);
    try {
      const short = { row: 0, length: SHORT };
      const alone = await outputsOf([short], SHORT);
      const padded = await outputsOf([short], LONG);
      const beside = await outputsOf([short, { row: 1, length: LONG }], LONG);
      const differing = names.find(
        (name) => ![padded, beside].every((other) => startsAs(other, alone, name)),
      );
      return differing === undefined ? '' : `padding a text changes its output '${differing}'`;
    } catch (error) {
      failed = (error as Error).message;
    }
  }
  return `padding cannot be tested, because generated texts fail: ${failed}`;
}

/** Whether the first row of output `name` begins with the only row that it has in `alone`. */
function startsAs(other: OrtTensors, alone: OrtTensors, name: string): boolean {
  const expected = numbersOf(alone[name]!.type, alone[name]!.data);
  const found = numbersOf(other[name]!.type, other[name]!.data);
  return agree(expected, Array.prototype.slice.call(found, 0, expected.length), OTHER_SIZE);
}

function feedsOf(
  inputs: readonly TensorSpec[],
  texts: readonly Text[],
  length: number,
  integers: Recipe['integers'],
): OrtTensors {
  const recipe: Recipe = { floats: 'gentle', integers, strings: 'words' };
  const feeds = inputs.map((spec) => {
    const tensor = madeUpRows(
      spec,
      texts.map(({ row }) => row),
      length,
      recipe,
    );
    const elements = tensor.data as unknown as (number | bigint)[];
    const [zero, one] = tensor.type.endsWith('int64')
      ? [0n, 1n]
      : [0, tensor.type === 'float16' ? HALF_ONE : 1];
    texts.forEach((text, place) => {
      for (let token = 0; token < length; token++) {
        const index = place * length + token;
        if (token >= text.length) elements[index] = zero;
        else if (spec.name === MASK) elements[index] = one;
      }
    });
    return [
      spec.name,
      new OrtTensor(tensor.type as 'int64', tensor.data as BigInt64Array, tensor.dims),
    ] as const;
  });
  return Object.fromEntries(feeds);
}
