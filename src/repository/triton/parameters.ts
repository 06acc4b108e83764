import type { ModelSettings } from '../model-settings';
import { Fault } from './text/fault';
import type { ModelConfig } from './model-config';
import { positionOf } from './text/read-message';

/** The settings among the parameters of the ONNX Runtime backend; those that only tune it are passed over. @throws Fault */
export function parametersOf({ parameters = [] }: ModelConfig): Pick<ModelSettings, 'threads'> {
  let threads = 0;
  for (const parameter of parameters) {
    const { line } = positionOf(parameter);
    const text = parameter.value?.string_value ?? '';
    if (parameter.key === 'gpu_mem_limit')
      throw new Fault(
        { line },
        'gpu_mem_limit is not supported; remove it, and the model takes what it needs',
      );
    if (parameter.key !== 'intra_op_thread_count') continue;
    if (!/^[0-9]{1,3}$/.test(text))
      throw new Fault({ line }, `intra_op_thread_count is '${text}'; give a whole number, 0 for the default`);
    threads = Number(text);
  }
  return threads === 0 ? {} : { threads };
}
