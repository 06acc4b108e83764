import type { Device } from '../../runtime/messages';
import type { ModelSettings } from '../../repository/model-settings';

/** How many runners a model gets, and threads each. */
export interface Placement {
  readonly instances: number;
  readonly threads: number;
}

/**
 * Divides `cores` among the runners of one model, so that on the CPU instances times threads never exceeds them,
 * whatever model.yaml asks for. A model that may only run on a GPU has as many instances as it asks for. A pipeline has
 * none: its models have.
 */
export function placementOf(
  { pipeline, instances = 1, threads, isolation }: ModelSettings,
  device: Device,
  cores: number,
): Placement {
  if (pipeline !== undefined) return { instances: 0, threads: 0 };
  const runners = device.startsWith('cuda') ? instances : Math.min(instances, cores);
  // Every core has one of the processes that models share.
  const share = isolation === 'shared' ? 1 : Math.max(1, Math.floor(cores / runners));
  return { instances: runners, threads: Math.min(threads ?? share, share) };
}
