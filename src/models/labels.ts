import type { TensorSpec } from '../tensor/tensor';
import type { ModelSettings } from '../repository/model-settings';

/** Names of the classes in the last dimension of an output, by its name. */
export type Labels = Readonly<Record<string, readonly string[]>>;

/** The labels that `settings` have and, of the other `outputs`, those that the file of the model tells and that fit. */
export function labelsOf(
  { labels = {} }: ModelSettings,
  ofFile: Labels,
  outputs: readonly TensorSpec[],
): Labels {
  const fitting = Object.entries(ofFile).filter(([name, list]) => !labelFault({ [name]: list }, outputs));
  return { ...Object.fromEntries(fitting), ...labels };
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
