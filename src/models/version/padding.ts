import { typedView } from '../../tensor/typed-arrays';
import {
  ELEMENT_BYTES,
  elementCount,
  type Datatype,
  type Tensor,
  type TensorSpec,
} from '../../tensor/tensor';
import type { Job } from '../../scheduling/job';
import type { PaddingSettings } from '../../repository/model-settings';
import type { Adapter } from './adapter';

/** Datatypes with elements of a fixed size; only those can be padded. */
type Numeric = Exclude<Datatype, 'BYTES'>;

/** Receives the number of padding bytes added to requests. */
export interface PaddingObserver {
  padded(bytes: number): void;
}

/** Maximum size of padded inputs in bytes, so that padding a small request cannot exhaust memory. */
const MAX_BYTES = 256 * 2 ** 20;

/** Pads inputs to the next configured length before a run, and trims outputs afterwards. */
export class Padding implements Adapter {
  private readonly fills: ReadonlyMap<string, number>;
  private readonly lengths: readonly number[];

  private constructor(
    private readonly settings: PaddingSettings,
    private readonly observer: PaddingObserver,
  ) {
    const { inputs, mask, lengths } = settings;
    this.lengths = lengths.toSorted((one, other) => one - other);
    this.fills = new Map([...Object.entries(inputs), ...(mask === undefined ? [] : [[mask, 0] as const])]);
  }

  /** The padding of a model; undefined if it is not configured. */
  static of(settings: PaddingSettings | undefined, observer: PaddingObserver): Padding | undefined {
    return settings === undefined ? undefined : new Padding(settings, observer);
  }

  before(job: Job): Job {
    const target = this.targetOf(job.inputs);
    if (target === undefined) return job;
    const inputs = job.inputs.map((input) => this.pad(input, target));
    const byteLength = inputs.reduce((sum, { data }) => sum + data.byteLength, 0);
    const shapeKey = inputs.map(({ shape }) => shape.slice(1).join()).join(';');
    if (job.uncounted !== true) this.observer.padded(byteLength - job.byteLength);
    return { ...job, inputs, byteLength, shapeKey };
  }

  after(outputs: readonly Tensor[], { inputs }: Job): readonly Tensor[] {
    const { axis, outputs: cut = [] } = this.settings;
    const length = this.padded(inputs)[0]!.shape[axis]!;
    return outputs.map((output) => (cut.includes(output.name) ? resize(output, axis, length) : output));
  }

  /** The length to pad `inputs` to; undefined if they are not padded. */
  private targetOf(inputs: readonly Tensor[]): number | undefined {
    const { axis } = this.settings;
    const padded = this.padded(inputs);
    const found = new Set(padded.map(({ shape }) => shape[axis]!));
    const [length] = found;
    const target = this.lengths.find((candidate) => candidate >= length!);
    // Inputs of different lengths, or of length 0, are passed to the model unchanged.
    if (found.size !== 1 || length === 0 || target === undefined) return undefined;
    const bytes = padded.reduce((sum, { data }) => sum + data.byteLength, 0);
    return (bytes * target) / length! > MAX_BYTES ? undefined : target;
  }

  private padded(inputs: readonly Tensor[]): readonly Tensor[] {
    return inputs.filter(({ name }) => this.fills.has(name));
  }

  private pad(input: Tensor, length: number): Tensor {
    const fill = this.fills.get(input.name);
    return fill === undefined ? input : resize(input, this.settings.axis, length, fill);
  }
}

/** Why `settings` do not match a model with `inputs` and `outputs`; undefined if they do. */
export function paddingFault(
  { axis, inputs: padded, mask, outputs: cut = [] }: PaddingSettings,
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
): string | undefined {
  const faults = [
    ...[...Object.entries(padded), ...(mask === undefined ? [] : [[mask, 0] as const])].map(([name, fill]) =>
      faultOf('input', name, axis, inputs, fill),
    ),
    ...cut.map((name) => faultOf('output', name, axis, outputs)),
  ];
  return faults.find((fault) => fault !== undefined);
}

function faultOf(
  kind: string,
  name: string,
  axis: number,
  specs: readonly TensorSpec[],
  fill = 0,
): string | undefined {
  const spec = specs.find((candidate) => candidate.name === name);
  if (spec === undefined)
    return `pad names the ${kind} '${name}', which is not an ${kind} of the model; it has ${specs.map((one) => `'${one.name}'`).join(', ')}`;
  if (!spec.datatype.startsWith('FP') && !Number.isInteger(fill))
    return `pad: expected an integer for the ${kind} '${name}' of ${spec.datatype}, got ${fill}`;
  if (spec.datatype !== 'BYTES' && spec.shape[axis] === -1) return undefined;
  return `pad: expected a numeric ${kind} with a variable dimension ${axis}, got '${name}', which is ${spec.datatype} [${spec.shape.join(',')}]; remove it, or correct axis`;
}

/** `tensor` with size `length` in dimension `axis`: truncated, or padded with `fill` at the end. */
function resize(tensor: Tensor, axis: number, length: number, fill = 0): Tensor {
  const { name, datatype, shape, data } = tensor;
  const before = shape[axis]!;
  if (before === length) return tensor;
  const step = elementCount(shape.slice(axis + 1)) * ELEMENT_BYTES[datatype];
  const [from, to] = [before * step, length * step];
  const kept = Math.min(from, to);
  const blocks = elementCount(shape.slice(0, axis));
  const resized = filledWith(datatype as Numeric, blocks * to, fill);
  for (let block = 0; block < blocks; block++)
    resized.set(data.subarray(block * from, block * from + kept), block * to);
  return { name, datatype, shape: shape.with(axis, length), data: resized };
}

/** An array of `bytes` bytes filled with the number `fill`. */
function filledWith(datatype: Numeric, bytes: number, fill: number): Uint8Array {
  const filled = new Uint8Array(bytes);
  if (fill === 0) return filled;
  const elements = typedView(filled, datatype);
  if (elements instanceof BigInt64Array || elements instanceof BigUint64Array) elements.fill(BigInt(fill));
  else elements.fill(fill);
  return filled;
}
