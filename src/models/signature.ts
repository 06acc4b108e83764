import type { TaskDefinition } from '../tasks/task-definition';
import type { TensorSpec } from '../tensor/tensor';

/** Names of the classes in the last dimension of outputs, by output name. */
export type Labels = Readonly<Record<string, readonly string[]>>;

/** Inputs, outputs and batching of a loaded version. */
export interface Signature {
  /** What clients send: the inputs of the model, or the texts or pictures of its task. */
  readonly inputs: readonly TensorSpec[];
  /** Tensors that clients can send in place of {@link inputs}; empty without a task. */
  readonly tensorInputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly outputNames: readonly string[];
  /** Outputs that are computed only if a request names them. */
  readonly extraOutputs: readonly TensorSpec[];
  /** What the model computes from text or pictures; undefined for a model of tensors. */
  readonly task: TaskDefinition | undefined;
  readonly labels: Labels;
  /** Names of the outputs that are logits. Their classes are returned with probabilities. */
  readonly softmax: readonly string[];
  /** Whether the first dimension consists of rows that can share a run with rows of other requests. */
  readonly batches: boolean;
  /** Whether all inputs of a request must have the same number of rows. If false, requests with different numbers run alone. */
  readonly hasCommonRows: boolean;
}

/** The members of a signature for a model of tensors. */
export const NO_TASK = {
  tensorInputs: [],
  extraOutputs: [],
  task: undefined,
} as const satisfies Partial<Signature>;

/** All outputs, with those that are computed only by request at the end. */
export function allOutputs({
  outputs,
  extraOutputs,
}: Pick<Signature, 'outputs' | 'extraOutputs'>): readonly TensorSpec[] {
  return extraOutputs.length === 0 ? outputs : [...outputs, ...extraOutputs];
}

/** Whether clients send pictures, whose bytes are not text. */
export function takesPictures({ task }: Signature): boolean {
  return task?.picture !== undefined;
}

/** Why `labels` do not match `outputs`; undefined if they do. */
export function labelFault(labels: Labels, outputs: readonly TensorSpec[]): string | undefined {
  for (const [name, list] of Object.entries(labels)) {
    const output = outputs.find((candidate) => candidate.name === name);
    if (output === undefined)
      return `labels names '${name}', which is not an output of the model; it has ${outputs.map((one) => `'${one.name}'`).join(', ')}`;
    const classes = output.shape.at(-1) ?? -1;
    if (classes >= 0 && classes !== list.length)
      return `labels of output '${name}': expected ${classes}, one for each class, got ${list.length}`;
  }
  return undefined;
}
