import { isEnsemble } from './ensemble';
import type { FoundModel } from '../repository';
import { Fault } from './text/fault';
import type { ModelConfig } from './model-config';
import { positionOf } from './text/read-message';
import type { TextField } from './text/parse-text';

/** Fields that are rejected whatever their value, and how to fix it. */
const UNKNOWN_HERE: Readonly<Record<string, string>> = {
  sequence_batching: 'requests are independent of each other; pass the state of the model in tensors',
  batch_input: 'export the model with a batch dimension',
  batch_output: 'export the model with a batch dimension',
};

/** Fields that are rejected if they are set, as a path of names, and how to fix it. */
const UNSUPPORTED: readonly (readonly [path: string, advice: string])[] = [
  ['input.allow_ragged_batch', 'remove it; requests with rows of different shapes run in separate batches'],
  ['input.optional', 'remove it; all inputs of an ONNX model are required'],
  ['input.is_shape_tensor', 'remove it; it is for TensorRT'],
  ['output.is_shape_tensor', 'remove it; it is for TensorRT'],
  ['input.is_non_linear_format_io', 'remove it; it is for TensorRT'],
  ['output.is_non_linear_format_io', 'remove it; it is for TensorRT'],
  ['instance_group.passive', 'remove it; all instances run requests'],
  ['instance_group.secondary_devices', 'remove it; instances run on a CPU or one GPU'],
  ['dynamic_batching.preserve_ordering', 'remove it; each response is sent as soon as it is ready'],
  ['cc_model_filenames', 'use default_model_filename; all devices use the same file'],
  ['model_operations.op_library_filename', 'export the model with operators of ONNX Runtime only'],
  ['model_transaction_policy.decoupled', 'remove it; an ONNX model returns one response per request'],
  ['model_repository_agents.agents', 'remove it; the files are served unchanged'],
];

/** Fields that name a file of the model. */
const FILES: readonly string[] = [
  'default_model_filename',
  'output.label_filename',
  'model_warmup.inputs.value.input_data_file',
];

/** The only supported value of the fields that select a backend, which can also be absent. */
const ONLY = {
  platform: 'onnxruntime_onnx',
  backend: 'onnxruntime',
  runtime: 'libtriton_onnxruntime.so',
} as const;

type Test = (field: unknown) => boolean;

/**
 * @throws Fault if `config` has another name than `model`, unless a setting names it, or is neither for an ONNX model nor
 * for an ensemble.
 */
export function checkIdentity(config: ModelConfig, model: Pick<FoundModel, 'name' | 'isNamed'>): void {
  const { name = '' } = config;
  if (name !== '' && name !== model.name && model.isNamed !== true)
    throw new Fault(
      { line: positionOf(config, 'name').line },
      `name: expected '${model.name}', the name of the folder, got '${name}'; correct it, or remove name`,
    );
  if (isEnsemble(config)) return;
  for (const field of Object.keys(ONLY) as (keyof typeof ONLY)[]) {
    const { [field]: value = '' } = config;
    if (value === '' || value === ONLY[field]) continue;
    const { line } = positionOf(config, field);
    throw new Fault({ line }, `${field} '${value}' is not supported; use '${ONLY[field]}'`);
  }
}

/** @throws Fault for a field that is always rejected. */
export function refuseUnread(fields: readonly TextField[]): void {
  const found = fields.find(({ name }) => Object.hasOwn(UNKNOWN_HERE, name));
  if (found !== undefined)
    throw new Fault({ line: found.at.line }, `${found.name} is not supported; ${UNKNOWN_HERE[found.name]}`);
}

/** @throws Fault for a field that requests an unsupported feature. */
export function refuseUnsupported(config: ModelConfig): void {
  for (const [path, advice] of UNSUPPORTED)
    refuse(config, path, isRequested, `${path} is not supported; ${advice}`);
}

/** @throws Fault for the name of a file outside the model folder. */
export function refuseEscapes(config: ModelConfig): void {
  for (const path of FILES)
    refuse(config, path, leavesFolder, `${path} is outside the model folder; use a file inside it`);
}

/** @throws Fault with the message `what` if a field at `path` is `wrong`. */
function refuse(config: ModelConfig, path: string, wrong: Test, what: string): void {
  const names = path.split('.');
  const holder = holderOf(config, names, wrong);
  if (holder !== undefined) throw new Fault({ line: positionOf(holder, names.at(-1)).line }, what);
}

/** The message at the end of `path` whose last field is `wrong`; undefined if there is none. */
function holderOf(value: unknown, [name, ...rest]: readonly string[], wrong: Test): object | undefined {
  if (Array.isArray(value)) {
    for (const item of value) {
      const found = holderOf(item, [name!, ...rest], wrong);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const field = (value as Record<string, unknown>)[name!];
  if (rest.length > 0) return holderOf(field, rest, wrong);
  return wrong(field) ? value : undefined;
}

function isRequested(field: unknown): boolean {
  return Array.isArray(field) ? field.length > 0 : Boolean(field);
}

function leavesFolder(field: unknown): boolean {
  return typeof field === 'string' && field.split('/').includes('..');
}
