import { Injectable } from '@nestjs/common';
import { Metrics } from './metrics';
import { registerScraped } from './scraped';

/** Requests for inference at one time. */
export interface LoadReport {
  /** Requests in the queues of all models. Each part of a split request counts. */
  readonly waiting: number;
  /** Requests that have begun and have not ended, those in queues included. */
  readonly inFlight: number;
}

/** How old a report may be, in milliseconds. Counting the queues takes about a microsecond a model. */
const MAX_AGE_MS = 100;

/**
 * The load of this process, over all models. Balancers that read one number of each server use it, such as the endpoint
 * picker of the Gateway API Inference Extension.
 */
@Injectable()
export class RequestLoad {
  private inFlight = 0;
  private last: LoadReport = { waiting: 0, inFlight: 0 };
  private countedAt = -Infinity;

  constructor(private readonly metrics: Metrics) {
    const gauge = (name: string, help: string, value: () => number) =>
      registerScraped(metrics.registry, {
        name,
        help,
        type: 'gauge',
        read: () => [{ labels: {}, value: value() }],
      });
    gauge('nexus_requests_waiting', 'Requests in the queues of all models.', () => this.waiting());
    gauge(
      'nexus_requests_in_flight',
      'Inference requests to all models that have begun and have not ended.',
      () => this.inFlight,
    );
  }

  /** Counts a request as in flight until {@link ended}. */
  started(): void {
    this.inFlight++;
  }

  /** Ends what {@link started} began. */
  ended(): void {
    this.inFlight--;
  }

  /** The load, at most a tenth of a second ago, so that a report with each response costs next to nothing. */
  report(): LoadReport {
    const now = performance.now();
    if (now - this.countedAt < MAX_AGE_MS) return this.last;
    this.countedAt = now;
    return (this.last = { waiting: this.waiting(), inFlight: this.inFlight });
  }

  private waiting(): number {
    let sum = 0;
    for (const { waitingRequests } of this.metrics.models()) sum += waitingRequests;
    return sum;
  }
}
