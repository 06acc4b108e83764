import type { Tensor as OrtTensor } from 'onnxruntime-node';
import { agree, EQUAL_SIZE, OTHER_SIZE, type Tolerance } from '../agreement';
import { elementCount, type TensorSpec } from '../../tensor/tensor';
import { madeUpRows, type Recipe } from './made-up-rows';
import { numbersOf } from './onnx-types';

type Outputs = Record<string, OrtTensor>;
type Run = (feeds: Record<string, OrtTensor>, outputs: readonly string[]) => Promise<Outputs>;

/** What a trial has shown. */
export interface Trial {
  /** Why the rows of several requests must not share a run; empty when nothing speaks against it. */
  readonly against: string;
  /** Why no run succeeded, so that nothing is known; empty when one did. */
  readonly failed: string;
}

/** What inputs are made of, in turn. A model takes some of them: an index must be in its table. */
const RECIPES: readonly Recipe[] = [
  { floats: 'wild', integers: 'ids', strings: 'words' },
  { floats: 'gentle', integers: 'bits', strings: 'numbers' },
  { floats: 'wild', integers: 'wild', strings: 'words' },
  { floats: 'gentle', integers: 'small', strings: 'words' },
];

/** Sizes of variable dimensions other than the first, in the order in which they are tried; some models take few of them. */
const LENGTHS = [7, 4, 16, 1, 32, 64, 128, 224];
/** So many lengths that the model takes are enough, */
const ENOUGH_LENGTHS = 2;
/** and so many recipes for each of them, where more take longer than this. */
const ENOUGH_RECIPES = 2;
const TRIAL_MS = 1000;

/** An input larger than this is not made. */
const MAX_ELEMENTS = 8 * 2 ** 20;

/**
 * Tries out whether the rows of several requests may share a run. A variable first dimension is only a hint: it may be a
 * number of boxes, or rows that are normalised together. So the same row is run beside different neighbours, at equal
 * size, where it must come out the same, and alone, where it may be rounded otherwise.
 */
export async function tryBatching(
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
  run: Run,
): Promise<Trial> {
  const names = outputs.map(({ name }) => name);
  const started = performance.now();
  let failed = '';
  let lengths = 0;
  for (const length of lengthsOf(inputs)) {
    let recipes = 0;
    for (const recipe of RECIPES) {
      if (recipes >= ENOUGH_RECIPES && performance.now() - started > TRIAL_MS) break;
      const round = new Round(inputs, names, length, recipe, run);
      const outcome = await round.play();
      if (outcome.against !== '') return { against: outcome.against, failed: '' };
      if (outcome.failed === '') recipes++;
      else failed = outcome.failed;
    }
    if (recipes > 0 && ++lengths === ENOUGH_LENGTHS) break;
  }
  return { against: '', failed: lengths === 0 ? failed : '' };
}

function lengthsOf(inputs: readonly TensorSpec[]): readonly number[] {
  const isVariable = inputs.some(({ shape }) => shape.slice(1).includes(-1));
  if (!isVariable) return LENGTHS.slice(0, 1);
  return LENGTHS.filter((length) =>
    inputs.every(
      ({ shape }) => elementCount(shape.slice(1).map((size) => (size < 0 ? length : size))) <= MAX_ELEMENTS,
    ),
  );
}

/** Where a row stands in the outputs of a run of so many rows. */
interface Place {
  readonly outputs: Outputs;
  readonly row: number;
  readonly of: number;
}

/** Runs of the same rows in different company, made by one recipe. */
class Round {
  constructor(
    private readonly inputs: readonly TensorSpec[],
    private readonly names: readonly string[],
    private readonly length: number,
    private readonly recipe: Recipe,
    private readonly run: Run,
  ) {}

  async play(): Promise<Trial> {
    const first = await this.outputsOf([0, 1, 2]);
    if (typeof first === 'string') return { against: '', failed: first };
    // Rows that the model refuses tell nothing of the others.
    const beside = await this.outputsOf([0, 3, 4]);
    if (typeof beside === 'string') return { against: '', failed: beside };
    const moved = await this.outputsOf([4, 1, 0]);
    if (typeof moved === 'string') return { against: '', failed: moved };
    const of = 3;
    const against =
      this.difference({ outputs: first, row: 0, of }, { outputs: beside, row: 0, of }, EQUAL_SIZE) ||
      this.difference({ outputs: first, row: 1, of }, { outputs: moved, row: 1, of }, EQUAL_SIZE) ||
      this.difference({ outputs: first, row: 0, of }, { outputs: moved, row: 2, of }, EQUAL_SIZE);
    if (against !== '') return { against, failed: '' };
    const alone = await this.outputsOf([0]);
    if (typeof alone === 'string')
      return { against: 'a row that it takes beside others it does not take alone', failed: '' };
    return {
      against: this.difference({ outputs: first, row: 0, of }, { outputs: alone, row: 0, of: 1 }, OTHER_SIZE),
      failed: '',
    };
  }

  /** The outputs of a run of `rows`, or why it failed. */
  private async outputsOf(rows: readonly number[]): Promise<Outputs | string> {
    const feeds = this.inputs.map(
      (spec) => [spec.name, madeUpRows(spec, rows, this.length, this.recipe)] as const,
    );
    try {
      return await this.run(Object.fromEntries(feeds), this.names);
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** What differs between one row in two places; empty when nothing does. */
  private difference(one: Place, other: Place, tolerance: Tolerance): string {
    for (const name of this.names) {
      for (const { outputs, of } of [one, other])
        if (outputs[name]!.dims[0] !== of) return `output '${name}' has not one row for each input row`;
      if (!isSameRow(name, one, other, tolerance)) return `the rows of output '${name}' depend on each other`;
    }
    return '';
  }
}

function isSameRow(name: string, one: Place, other: Place, tolerance: Tolerance): boolean {
  const [a, b] = [one, other].map(({ outputs }) => outputs[name]!) as [OrtTensor, OrtTensor];
  // A row may be as wide as its widest neighbour.
  const isSameShape =
    a.dims.length === b.dims.length && a.dims.slice(1).every((size, axis) => size === b.dims[axis + 1]);
  if (!isSameShape) return false;
  const [mine, its] = [rowOf(a, one), rowOf(b, other)];
  if (a.type === 'string') return mine.every((text, index) => text === its[index]);
  return agree(numbersOf(a.type, mine), numbersOf(b.type, its), tolerance);
}

function rowOf({ data }: OrtTensor, { row, of }: Place) {
  const elements = data as Uint8Array | string[];
  const perRow = elements.length / of;
  return elements.slice(row * perRow, (row + 1) * perRow) as Uint16Array | string[];
}
