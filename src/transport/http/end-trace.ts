import type { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import type { Trace } from '../../common/trace';
import { truncated } from '../../observability/log/failure';

/**
 * Ends the trace of `request`, with the attributes that the semantic conventions of OpenTelemetry name for HTTP servers. The
 * query string is left out, because it may contain credentials.
 * @param code of its error; undefined if it succeeded.
 */
export function endTrace(trace: Trace, request: FastifyRequest, status: number, code?: string): void {
  const { method, route, url, raw, id, inference } = request;
  trace.describe(route.url === undefined ? method : `${method} ${route.url}`, {
    'http.request.method': method,
    'http.route': route.url,
    'http.response.status_code': status,
    'url.scheme': (raw.socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http',
    'url.path': truncated(url.split(/[?#]/, 1)[0]!),
    'network.protocol.version': raw.httpVersion,
    'nexus.request.id': id,
    'nexus.target': inference?.target,
    'gen_ai.usage.input_tokens': inference?.tokensIn,
    'gen_ai.usage.output_tokens': inference?.tokensOut,
    'error.type': code,
  });
  // A mistake of the client is no error of the server.
  trace.end(performance.now(), status >= 500 ? code : undefined);
}
