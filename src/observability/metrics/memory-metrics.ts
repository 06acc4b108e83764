import type { Registry } from 'prom-client';
import type { MemoryInFlight } from '../../common/memory-in-flight';
import { registerScraped } from './scraped';

/** Registers metrics of the memory of requests in flight. */
export function addMemoryMetrics(registry: Registry, memory: MemoryInFlight): void {
  registerScraped(registry, {
    name: 'nexus_memory_in_flight_bytes',
    help: 'Memory charged to requests under way, and to answers that have not been sent.',
    type: 'gauge',
    read: () => [{ labels: {}, value: memory.used }],
  });
  registerScraped(registry, {
    name: 'nexus_memory_in_flight_limit_bytes',
    help: 'Most memory that requests under way may take, NEXUS_MEMORY_IN_FLIGHT.',
    type: 'gauge',
    read: () => [{ labels: {}, value: memory.limit }],
  });
  registerScraped(registry, {
    name: 'nexus_memory_refusals_total',
    help: 'Requests refused because there was no memory for them or for their answers, by protocol.',
    type: 'counter',
    read: () => Object.entries(memory.refusals).map(([protocol, value]) => ({ labels: { protocol }, value })),
  });
}
