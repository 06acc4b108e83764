import type { TensorSpec } from '../tensor/tensor';

/** Which outputs are logits: all of numbers that may have a fraction, or those that are named. */
export type SoftmaxSetting = boolean | readonly string[];

const FLOATS: readonly string[] = ['FP16', 'FP32', 'FP64'];

/** Why `setting` does not fit `outputs`; undefined when it does. */
export function softmaxFault(
  setting: SoftmaxSetting | undefined,
  outputs: readonly TensorSpec[],
): string | undefined {
  if (typeof setting !== 'object') return undefined;
  for (const name of setting) {
    const output = outputs.find((candidate) => candidate.name === name);
    if (output === undefined) return `softmax names '${name}', which is no output`;
    if (!FLOATS.includes(output.datatype))
      return `softmax names '${name}', which is ${output.datatype}; logits are ${FLOATS.join(', ')}`;
  }
  return undefined;
}

/** Names of the outputs whose classes are told with probabilities. */
export function softmaxOutputs(
  setting: SoftmaxSetting | undefined,
  outputs: readonly TensorSpec[],
): readonly string[] {
  if (setting === undefined || setting === false) return [];
  if (setting !== true) return setting;
  return outputs.filter(({ datatype }) => FLOATS.includes(datatype)).map(({ name }) => name);
}
