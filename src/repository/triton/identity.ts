import { isEnsemble } from './ensemble';
import { Fault } from './text/fault';
import type { ModelConfig } from './model-config';
import { positionOf } from './text/read-message';

/** The only value, beside none, of fields that say what runs a model. */
const ONLY = {
  platform: 'onnxruntime_onnx',
  backend: 'onnxruntime',
  runtime: 'libtriton_onnxruntime.so',
} as const;

/** @throws Fault when `config` is not of the model called `model`, or neither of an ONNX model nor of an ensemble. */
export function checkIdentity(config: ModelConfig, model: string): void {
  const { name = '' } = config;
  if (name !== '' && name !== model)
    throw new Fault(
      { line: positionOf(config, 'name').line },
      `name is '${name}', but the model is '${model}'; make them the same, or remove name`,
    );
  if (isEnsemble(config)) return;
  for (const field of Object.keys(ONLY) as (keyof typeof ONLY)[]) {
    const { [field]: value = '' } = config;
    if (value === '' || value === ONLY[field]) continue;
    const { line } = positionOf(config, field);
    throw new Fault({ line }, `${field} '${value}' is not supported; Nexus serves '${ONLY[field]}'`);
  }
}
