import type { TensorSpec } from '../tensor/tensor';

/** Which outputs are logits: all floating-point outputs, none, or the listed ones. */
export type SoftmaxSetting = boolean | readonly string[];

const FLOATS: readonly string[] = ['FP16', 'FP32', 'FP64'];

/** Why `setting` does not match `outputs`; undefined if it does. */
export function softmaxFault(
  setting: SoftmaxSetting | undefined,
  outputs: readonly TensorSpec[],
): string | undefined {
  if (typeof setting !== 'object') return undefined;
  for (const name of setting) {
    const output = outputs.find((candidate) => candidate.name === name);
    if (output === undefined) {
      const names = outputs.map((candidate) => `'${candidate.name}'`).join(', ');
      return `softmax names '${name}', which is not an output of the model; it has ${names}`;
    }
    if (!FLOATS.includes(output.datatype))
      return `softmax: expected an output of datatype ${FLOATS.join(', ')}, got '${name}' of ${output.datatype}; remove it`;
  }
  return undefined;
}

/** Names of the outputs whose classes are returned with probabilities. */
export function softmaxOutputs(
  setting: SoftmaxSetting | undefined,
  outputs: readonly TensorSpec[],
): readonly string[] {
  if (setting === undefined || setting === false) return [];
  if (setting !== true) return setting;
  return outputs.filter(({ datatype }) => FLOATS.includes(datatype)).map(({ name }) => name);
}
