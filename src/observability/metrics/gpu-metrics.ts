import type { Registry } from 'prom-client';
import type { Gpu, GpuReader } from './gpu-reader';
import { registerScraped } from './scraped';

/** Registers Triton's `nv_gpu_*` metrics: one series for each NVIDIA GPU of this machine, and none if it has no GPU. */
export function addGpuMetrics(registry: Registry, reader: GpuReader): void {
  const add = (
    type: 'gauge' | 'counter',
    name: string,
    help: string,
    valueOf: (gpu: Gpu) => number | undefined,
  ) =>
    registerScraped(registry, {
      name,
      help,
      type,
      read: async () =>
        (await reader.read()).flatMap((gpu) => {
          const value = valueOf(gpu);
          return value === undefined ? [] : [{ labels: { gpu_uuid: gpu.uuid }, value }];
        }),
    });
  add('gauge', 'nv_gpu_utilization', 'GPU utilization, from 0 to 1.', ({ utilization }) => utilization);
  add('gauge', 'nv_gpu_memory_used_bytes', 'GPU memory in use, in bytes.', ({ memoryUsed }) => memoryUsed);
  add('gauge', 'nv_gpu_memory_total_bytes', 'GPU memory, in bytes.', ({ memoryTotal }) => memoryTotal);
  add('gauge', 'nv_gpu_power_usage', 'GPU power usage, in watts.', ({ power }) => power);
  add('gauge', 'nv_gpu_power_limit', 'GPU power limit, in watts.', ({ powerLimit }) => powerLimit);
  add(
    'counter',
    'nv_energy_consumption',
    'GPU energy in joules since the first scrape, integrated from power.',
    ({ energy }) => energy,
  );
}
