import { toBytes, toElements, type Element, type Tensor } from '../tensor.ts';

/** What rows are multiplied with, so that none is like its neighbour. */
const FACTORS = [1, -1, 1e-4, 3e-2, 30, 1e4, -200];
const TEXTS = [
  '',
  'a',
  'Monday',
  'a b c d',
  'é',
  'x.y.z.w.v.u',
  'a text that is longer than all of its neighbours',
];
/** Inputs that size an output: another value of theirs could ask for any amount of memory. */
const SIZES =
  /^(scales?|roi|sizes?|start|limit|delta|num_.*|.*_rate|.*length.*|shape|repeats|pads|k|depth)$/i;
/** Rows are made up to so many when a test has fewer. */
const ROWS = 3;

/** Random numbers from 0 to 1, the same each time for the same `seed`. */
export function randomOf(seed: string): () => number {
  let state = 0;
  for (const letter of seed) state = (Math.imul(state, 31) + letter.codePointAt(0)!) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * A request like `inputs` that another caller might send: its rows are taken from theirs and changed. Numbers that are
 * fractions are multiplied, by row, with very different factors; integers, which may be indices, are moved about, and so stay
 * valid for the most part. Half of the requests with `anyRows` have another number of rows, where all inputs have as many.
 */
export function variantOf(inputs: readonly Tensor[], random: () => number, anyRows: boolean): Tensor[] {
  const rows = inputs[0]?.shape[0];
  const sameRows =
    rows !== undefined && rows > 0 && inputs.every(({ shape }) => shape.length > 0 && shape[0] === rows);
  const taken =
    anyRows && sameRows && random() < 0.5
      ? Array.from({ length: 1 + pick(random, Math.max(rows, ROWS)) }, () => pick(random, rows))
      : undefined;
  return inputs.map((input) => changed(taken === undefined ? input : takeRows(input, taken), random));
}

function takeRows({ name, datatype, shape, bytes }: Tensor, taken: readonly number[]): Tensor {
  const elements = toElements(datatype, bytes);
  const perRow = elements.length / shape[0]!;
  const rows = taken.flatMap((row) => elements.slice(row * perRow, (row + 1) * perRow));
  return { name, datatype, shape: [taken.length, ...shape.slice(1)], bytes: toBytes(datatype, rows) };
}

function changed(tensor: Tensor, random: () => number): Tensor {
  const { name, datatype, shape, bytes } = tensor;
  if (SIZES.test(name) && shape.length < 2) return tensor;
  const elements = toElements(datatype, bytes);
  const perRow = elements.length / (shape[0] ?? 1);
  const change = datatype.startsWith('FP')
    ? scaled(elements as number[], perRow, random)
    : datatype === 'BYTES'
      ? elements.map((text) => (random() < 0.5 ? text : TEXTS[pick(random, TEXTS.length)]!))
      : shuffled(elements, random);
  return { ...tensor, bytes: toBytes(datatype, change) };
}

function scaled(elements: readonly number[], perRow: number, random: () => number): number[] {
  const factors = Array.from(
    { length: elements.length / Math.max(1, perRow) },
    () => FACTORS[pick(random, 7)]!,
  );
  return elements.map((element, index) => element * factors[Math.floor(index / perRow)]! * (0.5 + random()));
}

function shuffled(elements: readonly Element[], random: () => number): Element[] {
  return elements.map(() => elements[pick(random, elements.length)]!);
}

function pick(random: () => number, count: number): number {
  return Math.floor(random() * count);
}
