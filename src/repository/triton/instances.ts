import type { Device } from '../../common/device';
import type { ModelSettings } from '../model-settings';
import { SETTINGS } from '../settings';
import { Fault } from './text/fault';
import type { InstanceGroupConfig, ModelConfig } from './model-config';
import { positionOf } from './text/read-message';

const { maximum: MAX_INSTANCES } = SETTINGS.instances.schema;

/**
 * Instances and device of a model: all groups together, which must name one device. Without a count a group is one
 * instance. `file` is how the file is called in messages.
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
    throw new Fault({ line }, `${instances} instances are too many; at most ${MAX_INSTANCES}`);
  const device = deviceOf(first);
  const other = others.find((group) => deviceOf(group) !== device);
  if (other !== undefined)
    throw new Fault(
      { line: positionOf(other).line },
      'instance groups on different devices are not supported; give all the same kind and gpus',
    );
  if (device === undefined) return { instances };
  if (device === 'cpu') return { instances, device };
  return { instances, device, gpu_asked_at: `${file}:${positionOf(first, gpuField(first)).line}` };
}

/** The field for which a group is on a GPU. */
function gpuField({ kind }: InstanceGroupConfig): keyof InstanceGroupConfig {
  return kind === 'KIND_GPU' ? 'kind' : 'gpus';
}

/** The settings among the parameters of the ONNX Runtime backend; those that only tune it are passed over. @throws Fault */
export function threadsOf({ parameters = [] }: ModelConfig): Pick<ModelSettings, 'threads'> {
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

/** `error`, for which a model with `settings` cannot be loaded, with what asked for a GPU where that is why. */
export function withGpuAdvice(error: Error, { gpu_asked_at: place }: ModelSettings): Error {
  if (place === undefined || !/cuda/i.test(error.message)) return error;
  const advice = 'use KIND_CPU, or run where there is CUDA and that GPU';
  const reason = `${place}: instance_group asks for a GPU, and CUDA cannot be used; ${advice}: ${error.message}`;
  return new Error(reason, { cause: error });
}

function countOf(group: InstanceGroupConfig): number {
  const { count = 0 } = group;
  if (count < 0)
    throw new Fault(
      { line: positionOf(group, 'count').line },
      `count is ${count}; a group has at least 1 instance`,
    );
  return count === 0 ? 1 : count;
}

/** The device of a group; undefined where the choice is the server's. */
function deviceOf(group: InstanceGroupConfig): Device | undefined {
  const { kind = 'KIND_AUTO', gpus = [] } = group;
  const { line } = positionOf(group, 'gpus');
  if (gpus.length > 1)
    throw new Fault({ line }, 'one model on several GPUs is not supported; give one, as in gpus: [ 0 ]');
  const [gpu] = gpus;
  if (gpu === undefined) return kind === 'KIND_GPU' ? 'cuda' : kind === 'KIND_AUTO' ? undefined : 'cpu';
  if (kind === 'KIND_CPU' || kind === 'KIND_MODEL')
    throw new Fault({ line }, `gpus cannot be given with ${kind}; use KIND_GPU, or remove gpus`);
  if (gpu < 0 || gpu > 99) throw new Fault({ line }, `there is no GPU ${gpu}; count them from 0`);
  return `cuda:${gpu}`;
}
