import type { TensorSpec } from '../tensor/tensor';

/** Names of the classes in the last dimension of an output, by its name. */
export type Labels = Readonly<Record<string, readonly string[]>>;

/** What a loaded version takes and gives. */
export interface Signature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly outputNames: readonly string[];
  readonly labels: Labels;
  /** Names of the outputs that are logits: classes of them are told with probabilities. */
  readonly softmax: readonly string[];
  /** Whether the first dimension is rows that may share a run with those of other requests. */
  readonly batches: boolean;
  /** Whether all inputs of a request must have the same number of rows. Where not, requests that do not run alone. */
  readonly hasCommonRows: boolean;
}

/** Why `labels` do not fit `outputs`; undefined when they do. */
export function labelFault(labels: Labels, outputs: readonly TensorSpec[]): string | undefined {
  for (const [name, list] of Object.entries(labels)) {
    const output = outputs.find((candidate) => candidate.name === name);
    if (output === undefined) return `there are labels for '${name}', which is no output`;
    const classes = output.shape.at(-1) ?? -1;
    if (classes >= 0 && classes !== list.length)
      return `there are ${list.length} labels for output '${name}', which has ${classes} classes`;
  }
  return undefined;
}
