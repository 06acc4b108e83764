import type { TensorSpec } from '../runtime/tensor';

/** Why `labels`, names of classes by output, do not fit `outputs`; undefined when they do. */
export function labelFault(
  labels: Readonly<Record<string, readonly string[]>>,
  outputs: readonly TensorSpec[],
): string | undefined {
  for (const [name, list] of Object.entries(labels)) {
    const output = outputs.find((candidate) => candidate.name === name);
    if (output === undefined) return `there are labels for '${name}', which is no output`;
    const classes = output.shape.at(-1) ?? -1;
    if (classes >= 0 && classes !== list.length)
      return `there are ${list.length} labels for output '${name}', which has ${classes} classes`;
  }
  return undefined;
}
