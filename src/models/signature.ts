import type { TensorSpec } from '../tensor/tensor';

/** Names of the classes in the last dimension of outputs, by output name. */
export type Labels = Readonly<Record<string, readonly string[]>>;

/** Inputs, outputs and batching of a loaded version. */
export interface Signature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly outputNames: readonly string[];
  readonly labels: Labels;
  /** Names of the outputs that are logits. Their classes are returned with probabilities. */
  readonly softmax: readonly string[];
  /** Whether the first dimension consists of rows that can share a run with rows of other requests. */
  readonly batches: boolean;
  /** Whether all inputs of a request must have the same number of rows. If false, requests with different numbers run alone. */
  readonly hasCommonRows: boolean;
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
