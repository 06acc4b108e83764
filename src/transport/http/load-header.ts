import type { FastifyInstance, FastifyReply } from 'fastify';
import { METRICS } from '../../identity/access';
import type { Authenticator } from '../../identity/authenticator';
import type { LoadReport, RequestLoad } from '../../observability/metrics/request-load';

declare module 'fastify' {
  interface FastifyInstance {
    /** Sets the header of {@link setLoadHeader} in the format that the client asks for. */
    setLoad: (reply: FastifyReply, format: string) => void;
  }
}

/** Header in which a client asks for the load of the server, as `json` or `text`. */
const FORMAT_HEADER = 'endpoint-load-metrics-format';
/** Header with the load of the server, in the formats of ORCA (Open Request Cost Aggregation). */
const LOAD_HEADER = 'endpoint-load-metrics';

/** The load in each format. The names are those of the metrics. */
const FORMATS: Readonly<Record<string, (load: LoadReport) => string>> = {
  json: ({ waiting, inFlight }) =>
    `JSON {"named_metrics":{"nexus_requests_waiting":${waiting},"nexus_requests_in_flight":${inFlight}}}`,
  text: ({ waiting, inFlight }) =>
    `TEXT named_metrics.nexus_requests_waiting=${waiting}, named_metrics.nexus_requests_in_flight=${inFlight}`,
};

/** Makes {@link setLoadHeader} report `load`, to clients that may read the metrics. Call it before `server` is ready. */
export function reportLoad(server: FastifyInstance, load: RequestLoad, authenticator: Authenticator): void {
  server.decorate('setLoad', (reply: FastifyReply, format: string) => {
    const { caller } = reply.request;
    const write = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
    // A request that is not readable is rejected before its client is known.
    if (write === undefined || caller === undefined || !authenticator.permits(METRICS, caller)) return;
    reply.header(LOAD_HEADER, write(load.report()));
  });
}

/** Reports the load of this process in the headers of `reply`, if its client asks for it and may know it. */
export function setLoadHeader(reply: FastifyReply): void {
  const format = reply.request.headers[FORMAT_HEADER];
  if (typeof format === 'string') reply.server.setLoad(reply, format.toLowerCase());
}
