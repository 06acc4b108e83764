import type { Device } from '../../common/device';
import type { ModelSettings } from '../model-settings';
import { SETTINGS } from '../settings';
import { Fault } from './text/fault';
import type { InstanceGroupConfig, ModelConfig } from './model-config';
import { positionOf } from './text/read-message';

const { maximum: MAX_INSTANCES } = SETTINGS.instances.schema;

/**
 * Returns the instances and the device of a model. The instances of all groups add up, and all groups must use one
 * device. A group without a count has one instance.
 * @param file name of the file in messages.
 * @throws Fault
 */
export function instancesOf(
  { instance_group: groups = [] }: ModelConfig,
  file: string,
): Pick<ModelSettings, 'instances' | 'device' | 'gpu_asked_at'> {
  if (groups.length === 0) return {};
  const instances = groups.reduce((sum, group) => sum + countOf(group), 0);
  const [first, ...others] = groups as [InstanceGroupConfig];
  const line = positionOf(first, 'count').line;
  if (instances > MAX_INSTANCES)
    throw new Fault(
      { line },
      `instance_group: expected at most ${MAX_INSTANCES} instances in total, got ${instances}`,
    );
  const device = deviceOf(first);
  const other = others.find((group) => deviceOf(group) !== device);
  if (other !== undefined)
    throw new Fault(
      { line: positionOf(other).line },
      'instance groups on different devices are not supported; use the same kind and gpus in all groups',
    );
  if (device === undefined) return { instances };
  if (device === 'cpu') return { instances, device };
  return { instances, device, gpu_asked_at: `${file}:${positionOf(first, gpuField(first)).line}` };
}

/** The field that selects the GPU of a group. */
function gpuField({ kind }: InstanceGroupConfig): keyof InstanceGroupConfig {
  return kind === 'KIND_GPU' ? 'kind' : 'gpus';
}

/** Reads the supported parameters of the ONNX Runtime backend. Parameters that only tune it are ignored. @throws Fault */
export function threadsOf({ parameters = [] }: ModelConfig): Pick<ModelSettings, 'threads'> {
  let threads = 0;
  for (const parameter of parameters) {
    const { line } = positionOf(parameter);
    const text = parameter.value?.string_value ?? '';
    if (parameter.key === 'gpu_mem_limit')
      throw new Fault(
        { line },
        'gpu_mem_limit is not supported; remove it, models allocate the memory they need',
      );
    if (parameter.key !== 'intra_op_thread_count') continue;
    if (!/^[0-9]{1,3}$/.test(text))
      throw new Fault(
        { line },
        `intra_op_thread_count: expected an integer from 0 to 999, got '${text}'; use 0 for the default`,
      );
    threads = Number(text);
  }
  return threads === 0 ? {} : { threads };
}

/**
 * Adds the position of the instance group to `error`, which a model with `settings` failed to load with, if the model
 * requests a GPU and CUDA is the cause. Otherwise returns `error`.
 */
export function withGpuAdvice(error: Error, { gpu_asked_at: where }: ModelSettings): Error {
  if (where === undefined || !/cuda/i.test(error.message)) return error;
  const advice = 'use KIND_CPU, or run on a machine with CUDA and this GPU';
  const reason = `${where}: instance_group requests a GPU, but CUDA is not available; ${advice}: ${error.message}`;
  return new Error(reason, { cause: error });
}

function countOf(group: InstanceGroupConfig): number {
  const { count = 0 } = group;
  if (count < 0)
    throw new Fault(
      { line: positionOf(group, 'count').line },
      `instance_group.count: expected at least 1, got ${count}`,
    );
  return count === 0 ? 1 : count;
}

/** The device of a group; undefined if the server decides. */
function deviceOf(group: InstanceGroupConfig): Device | undefined {
  const { kind = 'KIND_AUTO', gpus = [] } = group;
  const { line } = positionOf(group, 'gpus');
  if (gpus.length > 1)
    throw new Fault(
      { line },
      'a model on several GPUs is not supported; list one GPU, for example gpus: [ 0 ]',
    );
  const [gpu] = gpus;
  if (gpu === undefined) return kind === 'KIND_GPU' ? 'cuda' : kind === 'KIND_AUTO' ? undefined : 'cpu';
  if (kind === 'KIND_CPU' || kind === 'KIND_MODEL')
    throw new Fault({ line }, `gpus cannot be set with ${kind}; use KIND_GPU, or remove gpus`);
  if (gpu < 0 || gpu > 99) throw new Fault({ line }, `gpus: expected a GPU number from 0 to 99, got ${gpu}`);
  return `cuda:${gpu}`;
}
