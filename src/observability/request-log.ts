import type { FastifyInstance, FastifyRequest } from 'fastify';
import { REQUEST_ID_HEADER } from '../common/request-id';
import type { Log } from './log';
import type { Metrics } from './metrics';
import type { CacheUse, Outcome } from './model-metrics';

/** What the line of an inference request tells beside the usual; times in milliseconds. */
export interface InferenceSummary {
  readonly model: string;
  readonly version: string;
  readonly outcome: Outcome;
  readonly rows: number;
  readonly queueMs: number;
  readonly runMs: number;
  /** Whether the cache had the answer; absent for a model without a cache. */
  readonly cache?: CacheUse['outcome'] | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the inference routes for the log. */
    inference: InferenceSummary | undefined;
  }
}

/** Routes that machines ask every few seconds: their lines are for debugging only. */
const FREQUENT = /^\/(metrics|health|v2\/health)(\/|$)/;

/** Status in log and metrics of a request whose client left before the answer was written; known from nginx. */
const CLIENT_LEFT = 499;

/** Makes every answer carry its request id, and every request be counted and leave one line in the log, without headers. */
export function observeRequests(server: FastifyInstance, log: Log, metrics: Metrics): void {
  // Declared beforehand, a request keeps its form when the property is set.
  server.decorateRequest('inference', undefined);
  server.addHook('onRequest', (request, reply, done) => {
    reply.header(REQUEST_ID_HEADER, request.id);
    // Not onResponse, which never comes when the client leaves before its answer.
    reply.raw.on('close', () => {
      const { config } = request.routeOptions;
      const status = reply.raw.writableFinished ? reply.statusCode : CLIENT_LEFT;
      metrics.http.answered(config, status);
      logRequest(log, request, config.url ?? 'unknown', status, reply.elapsedTime);
    });
    done();
  });
}

function logRequest(log: Log, request: FastifyRequest, route: string, status: number, ms: number): void {
  const { id: requestId, method, inference } = request;
  log.write(
    FREQUENT.test(route) ? 'debug' : 'info',
    logFields({ requestId, method, route, status, ms, inference }),
  );
}

/** What the line of any request tells. */
interface AnsweredRequest {
  readonly requestId: string;
  readonly method: string;
  readonly route: string;
  readonly status: number | string;
  readonly ms: number;
  readonly inference: InferenceSummary | undefined;
}

/** The fields of the one line of a request, of any protocol. */
export function logFields({ requestId, method, route, status, ms, inference }: AnsweredRequest) {
  return {
    requestId,
    method,
    route,
    status,
    ms: rounded(ms),
    model: inference?.model,
    version: inference?.version,
    outcome: inference?.outcome,
    rows: inference?.rows,
    queueMs: inference && rounded(inference.queueMs),
    runMs: inference && rounded(inference.runMs),
    cache: inference?.cache,
  };
}

/** Whole microseconds. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
