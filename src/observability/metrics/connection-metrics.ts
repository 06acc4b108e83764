import { Counter, type Registry } from 'prom-client';
import { registerScraped } from './scraped';

/** Counts connections of clients. */
export class ConnectionMetrics {
  /** Connections that are open, of HTTP and gRPC together. */
  open = 0;
  private readonly refusals: Counter;

  constructor(registry: Registry) {
    registerScraped(registry, {
      name: 'nexus_connections',
      help: 'Connections of clients that are open.',
      type: 'gauge',
      read: () => [{ labels: {}, value: this.open }],
    });
    this.refusals = new Counter({
      name: 'nexus_connections_refused_total',
      help: 'Connections that were closed at once, because too many were open.',
      registers: [registry],
    });
  }

  /** A connection was closed at once. */
  refused(): void {
    this.refusals.inc();
  }
}
