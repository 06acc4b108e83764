import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import { isAudited } from '../../identity/access';
import { networkOf, Stranger } from '../../identity/stranger';
import { errors } from '../../common/errors';
import type { MalformedAnswer } from './malformed-http';
import { REQUEST_ID_HEADER } from '../request-id';
import type { Caller } from '../../identity/caller';
import type { Failure } from '../../observability/log/failure';
import { settle } from '../../rate-limit/settle';
import type { Log } from '../../observability/log/log';
import type { Metrics } from '../../observability/metrics/metrics';
import { auditLine, type InferenceSummary, requestLine } from '../../observability/log/request-line';

/** The model that a request names, and its version if it names one. */
export interface NamedVersion {
  readonly model: string;
  readonly version: string | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the inference routes for the log. */
    inference: InferenceSummary | undefined;
    /** The model that the body names, for the log; undefined if the path names it. */
    requested: NamedVersion | undefined;
  }
}

/** Routes that are polled every few seconds; logged at the level debug. */
const FREQUENT = /^\/(metrics|health|v2\/health)(\/|$)/;

/** Placeholder for an unknown route, method or path. */
const UNKNOWN = 'unknown';

/** Status in log and metrics if the client disconnected before the response was written, as in nginx. */
const CLIENT_CLOSED_REQUEST = 499;

/** Adds the request id to every response, and counts and logs every request. Headers are not logged. */
export function observeRequests(server: FastifyInstance, log: Log, metrics: Metrics): void {
  // Declared in advance, so that setting the properties does not change the hidden class of the request.
  server.decorateRequest('inference', undefined);
  server.decorateRequest('requested', undefined);
  server.decorateRequest('failure', undefined);
  server.addHook('onRequest', (request, reply, done) => {
    reply.header(REQUEST_ID_HEADER, request.id);
    // Node caches the address on first access, and cannot determine it after the connection is closed.
    void request.raw.socket.remoteAddress;
    done();
  });
  server.exchanges.onEnd((request, reply) => {
    const { route } = request;
    const status = reply.raw.writableFinished ? reply.statusCode : CLIENT_CLOSED_REQUEST;
    const failure = status < 400 ? undefined : failureOf(request, status);
    settle(request.spent, failure?.error);
    metrics.http.answered(route, status);
    logRequest(log, request, route.url ?? UNKNOWN, status, reply.elapsedTime, failure);
    if (route.access !== undefined && isAudited(route.access)) audit(log, request, status, failure);
  });
}

/** Logs a request that no hook sees because the router cannot decode its path. */
export function logUnrouted(
  log: Log,
  request: FastifyRequest,
  { statusCode, elapsedTime }: FastifyReply,
): void {
  logRequest(log, request, UNKNOWN, statusCode, elapsedTime, failureOf(request, statusCode));
}

/** Logs bytes from `address` that are not a valid request. */
export function logMalformed(log: Log, { requestId, status, error }: MalformedAnswer, address = ''): void {
  const failure = { error, caller: networkOf(address), path: UNKNOWN };
  log.write(
    'info',
    requestLine({ requestId, method: UNKNOWN, route: UNKNOWN, status, ms: 0, inference: undefined, failure }),
  );
}

function logRequest(
  log: Log,
  request: FastifyRequest,
  route: string,
  status: number,
  ms: number,
  failure: Failure | undefined,
): void {
  const { id: requestId, method, inference } = request;
  if (failure !== undefined) log.recentErrors.add(requestId, status, failure);
  log.write(
    FREQUENT.test(route) ? 'debug' : 'info',
    requestLine({
      requestId,
      method,
      route,
      status,
      ms,
      caller: request.caller,
      inference,
      failure,
    }),
  );
}

function audit(log: Log, request: FastifyRequest, status: number, failure: Failure | undefined): void {
  const { id: requestId, method, caller, ip: address } = request;
  const { model } = request.params as { readonly model?: string };
  const operation = `${method} ${pathOf(request)}`;
  log.audit(
    auditLine({ requestId, caller: caller.id, address, operation, model, status, error: failure?.error }),
  );
}

function failureOf(request: FastifyRequest, status: number): Failure {
  const { failure, refusal, params, requested } = request;
  const caller = request.caller as Caller | undefined;
  // Responses of Fastify itself, such as 404 for a missing file of the documentation.
  const other = { kind: 'invalid', code: 'other', message: STATUS_CODES[status] ?? '' } as const;
  const { model, version } = requested ?? ((params ?? {}) as Partial<NamedVersion>);
  return {
    error: status === CLIENT_CLOSED_REQUEST ? errors.cancelled() : (failure ?? other),
    // A request whose path the router cannot decode reaches no hook.
    caller: (caller ?? new Stranger(request, false)).id,
    refusal,
    path: pathOf(request),
    model,
    version,
  };
}

function pathOf({ url }: FastifyRequest): string {
  return url.split(/[?#]/, 1)[0]!;
}
