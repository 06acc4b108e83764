import type { Device } from '../../runtime/messages';
import type { ModelSettings } from '../model-settings';
import { Fault } from './text/fault';
import type { InstanceGroup, ModelConfig } from './model-config';
import { positionOf } from './text/read-message';

/** Most instances that model.yaml allows too. */
const MAX_INSTANCES = 64;

/**
 * Instances and device of a model: all groups together, which must name one device. Without a count a group is one
 * instance.
 * @throws Fault
 */
export function instancesOf({
  instance_group: groups = [],
}: ModelConfig): Pick<ModelSettings, 'instances' | 'device'> {
  if (groups.length === 0) return {};
  const instances = groups.reduce((sum, group) => sum + countOf(group), 0);
  const [first, ...others] = groups as [InstanceGroup];
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
  return device === undefined ? { instances } : { instances, device };
}

function countOf(group: InstanceGroup): number {
  const { count = 0 } = group;
  if (count < 0)
    throw new Fault(
      { line: positionOf(group, 'count').line },
      `count is ${count}; a group has at least 1 instance`,
    );
  return count === 0 ? 1 : count;
}

/** The device of a group; undefined where the choice is the server's. */
function deviceOf(group: InstanceGroup): Device | undefined {
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
