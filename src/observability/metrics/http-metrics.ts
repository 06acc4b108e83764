import type { Registry } from 'prom-client';
import { registerScraped, type Sample } from './scraped';

/** The declaration of a route; without a path, that of all unknown paths. */
interface Route {
  readonly method?: string | string[];
  readonly url?: string;
}

/** Counts responses by route pattern and status. All unknown paths share the route `unknown`, so scans add no series. */
export class HttpMetrics {
  /** Keyed by the route's declaration, so that counting builds no string. */
  private readonly routes = new Map<Route, Map<number, number>>();

  constructor(registry: Registry) {
    const read = () => this.samples();
    registerScraped(registry, {
      name: 'nexus_http_requests_total',
      help: 'HTTP responses, by route and status.',
      type: 'counter',
      read,
    });
  }

  /** Counts a response of `route` with `status`. */
  answered(route: Route, status: number): void {
    let counts = this.routes.get(route);
    if (counts === undefined) this.routes.set(route, (counts = new Map()));
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }

  private *samples(): Iterable<Sample> {
    for (const [{ method, url }, counts] of this.routes) {
      const labels = { method: String(method ?? 'any'), route: url ?? 'unknown' };
      for (const [code, value] of counts) yield { labels: { ...labels, code }, value };
    }
  }
}
