import type { Registry } from 'prom-client';
import type { MemoryInFlight } from '../../common/memory-in-flight';
import { registerScraped } from './scraped';

/** Registers the metrics of the memory of requests in flight. */
export function addMemoryMetrics(registry: Registry, memory: MemoryInFlight): void {
  registerScraped(registry, {
    name: 'nexus_memory_in_flight_bytes',
    help: 'Memory charged to requests in flight and to responses not sent yet.',
    type: 'gauge',
    read: () => [{ labels: {}, value: memory.used }],
  });
  registerScraped(registry, {
    name: 'nexus_memory_in_flight_limit_bytes',
    help: 'Memory limit of requests in flight, NEXUS_MEMORY_IN_FLIGHT.',
    type: 'gauge',
    read: () => [{ labels: {}, value: memory.limit }],
  });
  registerScraped(registry, {
    name: 'nexus_memory_refusals_total',
    help: 'Requests rejected because they or their responses did not fit into the memory limit, by protocol.',
    type: 'counter',
    read: () => Object.entries(memory.refusals).map(([protocol, value]) => ({ labels: { protocol }, value })),
  });
}
