import type { Shape, Tensor } from '../../tensor/tensor';
import type { Job } from '../../scheduling/job';
import type { DeclaredTensor, DeclaredTensors } from '../../repository/declared-tensors';
import type { Adapter } from './adapter';

interface Shaped {
  readonly name: string;
  readonly shape: Shape;
}

/** Converts tensors between the shapes of the model and the shapes that clients use, if the configuration sets `reshape`. */
export class Reshaper implements Adapter {
  private readonly inside: ReadonlyMap<string, Shape>;
  private readonly outside: ReadonlyMap<string, Shape>;

  private constructor({ inputs, outputs }: DeclaredTensors) {
    this.inside = new Map(inputs.filter(isReshaped).map(({ name, inside }) => [name, inside]));
    this.outside = new Map(outputs.filter(isReshaped).map(({ name, shape }) => [name, shape]));
  }

  /** The reshaper of a model; undefined if no tensor is reshaped. */
  static of(declared: DeclaredTensors | undefined): Reshaper | undefined {
    const needed = declared !== undefined && [...declared.inputs, ...declared.outputs].some(isReshaped);
    return needed ? new Reshaper(declared) : undefined;
  }

  before(job: Job): Job {
    return { ...job, inputs: this.toModel(job.inputs) };
  }

  after(outputs: readonly Tensor[]): readonly Tensor[] {
    return reshape(outputs, this.outside);
  }

  /** `inputs` with the shapes of the model. */
  toModel<T extends Shaped>(inputs: readonly T[]): readonly T[] {
    return reshape(inputs, this.inside);
  }
}

/** Only the first dimension of a target shape can be variable. It takes the size of the tensor. */
function reshape<T extends Shaped>(tensors: readonly T[], shapes: ReadonlyMap<string, Shape>): readonly T[] {
  return tensors.map((tensor) => {
    const shape = shapes.get(tensor.name)?.map((size) => (size === -1 ? tensor.shape[0]! : size));
    return shape === undefined ? tensor : { ...tensor, shape };
  });
}

function isReshaped(tensor: DeclaredTensor): tensor is DeclaredTensor & { inside: Shape } {
  return tensor.inside !== undefined;
}
