import { status } from '@grpc/grpc-js';
import type { Registry } from 'prom-client';
import { registerScraped, type Sample } from './scraped';

/** Counts gRPC calls, and the requests of streams, by method and status. */
export class GrpcMetrics {
  private readonly methods = new Map<string, Map<status, number>>();

  constructor(registry: Registry) {
    const read = () => this.samples();
    registerScraped(registry, {
      name: 'nexus_grpc_requests_total',
      help: 'gRPC calls, by method and status; a stream counts once, and each of its requests counts too.',
      type: 'counter',
      read,
    });
  }

  /** Counts a call of `method`, or a request of a stream, that ended with `code`. */
  answered(method: string, code: status): void {
    let counts = this.methods.get(method);
    if (counts === undefined) this.methods.set(method, (counts = new Map()));
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }

  private *samples(): Iterable<Sample> {
    for (const [method, counts] of this.methods)
      for (const [code, value] of counts)
        yield { labels: { method, code: status[code] ?? String(code) }, value };
  }
}
