import { Tensor as OrtTensor } from 'onnxruntime-node';
import { ELEMENT_BYTES, elementCount, type TensorSpec } from '../../tensor/tensor';
import { elementTypeOf, viewOf } from './onnx-types';

/** How to generate rows, by element type. */
export interface Recipe {
  readonly floats: 'wild' | 'gentle';
  /**
   * `bits` are valid masks and indexes, `small` and `ids` are valid table indexes, `wild` are valid only as numbers.
   */
  readonly integers: 'wild' | 'ids' | 'small' | 'bits';
  readonly strings: 'words' | 'numbers';
}

/** Factors for rows of floats. Rows differ very much, so that a scale shared by all rows shows up. */
const WILD_SCALES = [1, 1000, 0.01, -50, 2e4];
const GENTLE_SCALES = [1, 0.5, 0.05, 0.8, 2];

const INTEGER_RANGES = { wild: 100_003, ids: 97, small: 9, bits: 2 } as const;

const TEXTS = {
  // Zero, one and several words of very different lengths, because the longest may determine the width of an output.
  words: [
    'a',
    'b c',
    '',
    'A longer sentence, of several words.',
    'x'.repeat(300),
    'Größe 日本 ok',
    '-12.5',
    'e.g. a-b_c',
  ],
  numbers: ['1', '-2.5', '1000', '0', '0.001', '42', '7', '3e2'],
} as const;

/**
 * Generates an input of `rows.length` rows, with size `length` in each other variable dimension. Equal row numbers give
 * equal rows, wherever they are in the batch. For `bits`, row 0 begins with a 1. Masks and token types of transformers are
 * valid ones.
 */
export function madeUpRows(
  { name, datatype, shape }: TensorSpec,
  rows: readonly number[],
  length: number,
  recipe: Recipe,
): OrtTensor {
  const rowShape = shape.slice(1).map((size) => (size < 0 ? length : size));
  const perRow = elementCount(rowShape);
  const type = elementTypeOf(datatype);
  const bytes = new ArrayBuffer(rows.length * perRow * ELEMENT_BYTES[datatype]);
  const data = (viewOf(type, bytes, 0, bytes.byteLength) ?? []) as unknown[];
  const half = new DataView(bytes);
  for (let place = 0; place < rows.length; place++) {
    for (let column = 0; column < perRow; column++) {
      const index = place * perRow + column;
      const element =
        elementByName(name, type, rows[place]!, column / perRow, recipe) ??
        elementOf(type, rows[place]!, column, recipe);
      if (type === 'float16') half.setFloat16(index * 2, element as number, true);
      else data[index] = element;
    }
  }
  return new OrtTensor(type as 'string', data as string[], [rows.length, ...rowShape]);
}

/**
 * An element of an input of transformers by its usual name, because a mask that hides all tokens, or one that is not of 0
 * and 1, says nothing of real requests; undefined for any other input.
 * @param position place in the row, from 0 to 1.
 */
function elementByName(
  name: string,
  type: string,
  row: number,
  position: number,
  { integers }: Recipe,
): number | bigint | undefined {
  if (type === 'string') return undefined;
  let element: number | undefined;
  // Each row has fewer tokens than the one before, and at least one.
  if (name === 'attention_mask') element = position < 1 - row / 6 ? 1 : 0;
  // Many models know only type 0.
  else if (name === 'token_type_ids' && (integers === 'ids' || integers === 'small')) element = 0;
  return element !== undefined && type.endsWith('int64') ? BigInt(element) : element;
}

function elementOf(type: string, row: number, column: number, recipe: Recipe): unknown {
  const random = randomOf(row, column);
  if (type === 'string') {
    const texts = TEXTS[recipe.strings];
    // The first element differs between rows.
    return texts[column === 0 ? row : Math.floor(random * texts.length)];
  }
  if (type.startsWith('float')) return floatOf(type, row, random, recipe.floats);
  const integer = integerOf(type, row, column, random, recipe.integers);
  return type.endsWith('int64') ? BigInt(integer) : integer;
}

function floatOf(type: string, row: number, random: number, kind: Recipe['floats']): number {
  if (kind === 'gentle') return random * GENTLE_SCALES[row]!;
  // The maximum of a half float is 65,504.
  const scale = type === 'float16' ? Math.min(WILD_SCALES[row]!, 1000) : WILD_SCALES[row]!;
  // A negative scale gives only negative values, a positive one both signs.
  return scale < 0 ? scale * random : scale * (2 * random - 1);
}

function integerOf(
  type: string,
  row: number,
  column: number,
  random: number,
  kind: Recipe['integers'],
): number {
  if (type === 'bool' || kind === 'bits') return column === 0 && row === 0 ? 1 : Math.floor(2 * random);
  if (kind !== 'wild') return Math.floor(random * INTEGER_RANGES[kind]);
  const bits = Number(/\d+/.exec(type)![0]);
  const range = Math.min(INTEGER_RANGES.wild, 2 ** bits - 1);
  return Math.floor(random * range) - (type.startsWith('u') ? 0 : Math.floor(range / 2));
}

/** A pseudo-random number in [0, 1) that depends only on `row` and `column`. */
function randomOf(row: number, column: number): number {
  let mixed = Math.imul(row + 1, 0x9e3779b1) ^ Math.imul(column + 1, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}
