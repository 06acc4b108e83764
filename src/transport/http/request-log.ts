import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import { callerOf } from '../caller';
import { errors } from '../../common/errors';
import type { MalformedAnswer } from './malformed-http';
import { REQUEST_ID_HEADER } from '../request-id';
import type { Failure } from '../../observability/log/failure';
import type { Log } from '../../observability/log/log';
import type { Metrics } from '../../observability/metrics/metrics';
import { type InferenceSummary, logFields } from '../../observability/log/request-line';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the inference routes for the log. */
    inference: InferenceSummary | undefined;
  }
}

/** Routes that machines ask every few seconds: their lines are for debugging only. */
const FREQUENT = /^\/(metrics|health|v2\/health)(\/|$)/;

/** What stands for a route, a method or a path that is not known. */
const UNKNOWN = 'unknown';

/** Status in log and metrics of a request whose client left before the answer was written; known from nginx. */
const CLIENT_LEFT = 499;

/** Makes every answer carry its request id, and every request be counted and leave one line in the log, without headers. */
export function observeRequests(server: FastifyInstance, log: Log, metrics: Metrics): void {
  // Declared beforehand, a request keeps its form when they are set.
  server.decorateRequest('inference', undefined);
  server.decorateRequest('failure', undefined);
  server.addHook('onRequest', (request, reply, done) => {
    reply.header(REQUEST_ID_HEADER, request.id);
    // Node keeps the address of a connection from when it is first asked for it, and has none once it is closed.
    void request.raw.socket.remoteAddress;
    // Not onResponse, which never comes when the client leaves before its answer.
    reply.raw.on('close', () => {
      const { config } = request.routeOptions;
      const status = reply.raw.writableFinished ? reply.statusCode : CLIENT_LEFT;
      metrics.http.answered(config, status);
      logRequest(log, request, config.url ?? UNKNOWN, status, reply.elapsedTime);
    });
    done();
  });
}

/** Logs a request that no hook sees, because the router cannot read its path. */
export function logUnrouted(
  log: Log,
  request: FastifyRequest,
  { statusCode, elapsedTime }: FastifyReply,
): void {
  logRequest(log, request, UNKNOWN, statusCode, elapsedTime);
}

/** Logs bytes of the caller at `address` that never became a request. */
export function logMalformed(log: Log, { requestId, status, error }: MalformedAnswer, address = ''): void {
  const failure = { error, caller: callerOf({ ip: address }), path: UNKNOWN };
  log.write(
    'info',
    logFields({ requestId, method: UNKNOWN, route: UNKNOWN, status, ms: 0, inference: undefined, failure }),
  );
}

function logRequest(log: Log, request: FastifyRequest, route: string, status: number, ms: number): void {
  const { id: requestId, method, inference } = request;
  log.write(
    FREQUENT.test(route) ? 'debug' : 'info',
    logFields({
      requestId,
      method,
      route,
      status,
      ms,
      inference,
      failure: status < 400 ? undefined : failureOf(request, status),
    }),
  );
}

function failureOf(request: FastifyRequest, status: number): Failure {
  const { failure, url, params } = request;
  // What Fastify answers by itself, such as a file of the documentation that is not there.
  const other = { kind: 'invalid', code: 'other', message: STATUS_CODES[status] ?? '' } as const;
  const { model, version } = (params ?? {}) as Readonly<Record<string, string | undefined>>;
  return {
    error: status === CLIENT_LEFT ? errors.cancelled() : (failure ?? other),
    caller: callerOf(request),
    path: url.split('?', 1)[0]!,
    model,
    version,
  };
}
