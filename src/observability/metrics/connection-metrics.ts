import { Counter, type Registry } from 'prom-client';
import { registerScraped } from './scraped';

/** Counts client connections. */
export class ConnectionMetrics {
  /** Open connections, HTTP and gRPC together. */
  open = 0;
  private readonly refusals: Counter;

  constructor(registry: Registry) {
    registerScraped(registry, {
      name: 'nexus_connections',
      help: 'Open client connections.',
      type: 'gauge',
      read: () => [{ labels: {}, value: this.open }],
    });
    this.refusals = new Counter({
      name: 'nexus_connections_refused_total',
      help: 'Client connections closed on arrival because too many were open.',
      registers: [registry],
    });
  }

  /** Counts a connection that was closed on arrival. */
  refused(): void {
    this.refusals.inc();
  }
}
