import { Fault } from './text/fault';
import type { ModelConfig } from './model-config';
import { positionOf } from './text/read-message';

/** The only value, beside none, of fields that say what runs an ONNX model. */
const ONLY = {
  platform: 'onnxruntime_onnx',
  backend: 'onnxruntime',
  runtime: 'libtriton_onnxruntime.so',
} as const;

/** The same of an ensemble, which nothing runs but its models. */
const OF_ENSEMBLES = { platform: 'ensemble', backend: '', runtime: '' } as const;

/** @throws Fault when `config` is not of the model called `model`, or not of an ONNX model. */
export function checkIdentity(config: ModelConfig, model: string): void {
  const { name = '' } = config;
  if (name !== '' && name !== model)
    throw new Fault(
      { line: positionOf(config, 'name').line },
      `name is '${name}', but the model is '${model}'; make them the same, or remove name`,
    );
  const only = config.ensemble_scheduling === undefined ? ONLY : OF_ENSEMBLES;
  for (const field of Object.keys(only) as (keyof typeof ONLY)[]) {
    const { [field]: value = '' } = config;
    if (value === '' || value === only[field]) continue;
    const { line } = positionOf(config, field);
    throw new Fault({ line }, `${field} '${value}' is not supported; Nexus serves '${only[field]}'`);
  }
}
