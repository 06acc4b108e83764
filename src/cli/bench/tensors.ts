import { encodeStrings } from '../../tensor/elements';
import { elementCount, type Datatype, type Shape, type Tensor } from '../../tensor/tensor';
import { TYPED_ARRAY } from '../../tensor/typed-arrays';
import type { Random } from './arrivals';
import { TEXTS } from './texts';

/** An input of a request, with the values of one row from the example of the model if it has one. */
export interface InputPlan {
  readonly name: string;
  readonly datatype: Datatype;
  /** Dimensions of one row. */
  readonly shape: Shape;
  /** Whether the first dimension of the tensor counts rows. */
  readonly batches: boolean;
  /** Values of one row in row-major order. */
  readonly example?: readonly ExampleValue[];
}

/** An element in JSON. */
export type ExampleValue = string | number | boolean;

/**
 * A tensor of `rows` rows for `plan`. Floating-point values of the example change by up to a tenth, so that requests differ.
 * Without an example, they are from 0 to 1, and integers are 0 or 1, which every vocabulary has.
 */
export function tensorFor(plan: InputPlan, rows: number, random: Random): Tensor {
  const { name, datatype, shape, batches, example } = plan;
  const count = elementCount(shape) * (batches ? rows : 1);
  const valueAt = (index: number) => example?.[index % example.length];
  return {
    name,
    datatype,
    shape: batches ? [rows, ...shape] : shape,
    data:
      datatype === 'BYTES'
        ? encodeStrings([
            Array.from({ length: count }, (_, index) =>
              String(valueAt(index) ?? TEXTS[pick(random, TEXTS.length)]),
            ),
          ])
        : numbers(datatype, count, valueAt, random),
  };
}

/** The body of a V2 request with binary tensors, and its headers. All outputs are returned as binary tensors. */
export function binaryBody(tensors: readonly Tensor[]): { body: Buffer; headers: Record<string, string> } {
  const inputs = tensors.map(({ name, datatype, shape, data }) => ({
    name,
    datatype,
    shape,
    parameters: { binary_data_size: data.length },
  }));
  const json = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
  return {
    body: Buffer.concat([json, ...tensors.map(({ data }) => data)]),
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(json.length),
    },
  };
}

/** A whole number from 0 to `below` - 1. */
function pick(random: Random, below: number): number {
  return Math.floor(random() * below);
}

function numbers(
  datatype: Exclude<Datatype, 'BYTES'>,
  count: number,
  valueAt: (index: number) => ExampleValue | undefined,
  random: Random,
): Uint8Array {
  const isFloat = datatype.startsWith('FP');
  const isBig = datatype.endsWith('64') && !isFloat;
  const data = new TYPED_ARRAY[datatype](count);
  for (let index = 0; index < count; index++) {
    const given = valueAt(index);
    const value = isFloat
      ? given === undefined
        ? random()
        : Number(given) * (0.9 + 0.2 * random())
      : given === undefined
        ? pick(random, 2)
        : Number(given);
    data[index] = isBig ? BigInt(value) : value;
  }
  return new Uint8Array(data.buffer);
}
