import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AppModule } from './app.module';
import { Authenticator } from './identity/authenticator';
import { RateLimits } from './rate-limit/rate-limits';
import { admitRequests } from './transport/http/admit-requests';
import { sendError } from './transport/http/error-body';
import { reportLoad } from './transport/http/load-header';
import { ErrorFilter } from './transport/error.filter';
import { answerMalformed } from './transport/http/malformed-http';
import { KnownRoutes } from './transport/http/known-routes';
import { MemoryInFlight } from './common/memory-in-flight';
import { SingleProcess, type Cluster } from './common/cluster';
import { Pace } from './common/pace';
import { acceptAnyBody } from './transport/http/read-body';
import { closeInOrder } from './transport/http/orderly-close';
import { REQUEST_ID_HEADER, requestIdOf } from './transport/request-id';
import { callInferenceDirectly } from './transport/http/direct-routes';
import { Exchanges } from './transport/http/exchanges';
import { watchReaders } from './transport/http/slow-reader';
import { toNexusError } from './transport/http/to-nexus-error';
import { allowOrigins } from './transport/http/cors';
import { Certificates } from './transport/tls/certificates';
import type { Config } from './config/config';
import { logFormOf } from './config/log-form';
import { serveDocs } from './docs/docs';
import { ExampleAnswers } from './rest/predict/example-answers';
import { openAdminPort } from './app.admin';
import { connectGrpc } from './app.grpc';
import { httpsOptions, secure } from './app.tls';
import { Drain } from './health/drain';
import { Log, NestLogger } from './observability/log/log';
import { addMemoryMetrics } from './observability/metrics/memory-metrics';
import { Metrics } from './observability/metrics/metrics';
import { RequestLoad } from './observability/metrics/request-load';
import { Tracing } from './observability/tracing/tracing';
import { logMalformed, logUnrouted, observeRequests } from './transport/http/request-log';

/** Longer than load balancers keep idle connections, so that the server never closes one that is in use. */
const KEEP_ALIVE_MS = 72_000;
const HEADERS_TIMEOUT_MS = 10_000;
const WHOLE_REQUEST_TIMEOUT_MS = 120_000;

/** Options of all HTTP servers. */
const HTTP_OPTIONS = {
  headersTimeout: HEADERS_TIMEOUT_MS,
  connectionsCheckingInterval: 1000,
  // Otherwise the second of two Authorization headers would be ignored, which a proxy may have checked.
  joinDuplicateHeaders: true,
};

/**
 * Creates the application, the same for production and tests. It does not listen yet.
 * @param cluster the gateway processes that serve the same ports.
 */
export async function createApp(
  config: Config,
  log = new Log(config.logLevel, logFormOf(config), config.logSample),
  cluster: Cluster = new SingleProcess(),
): Promise<NestFastifyApplication> {
  const certificates = await Certificates.of(config);
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(config, log, cluster),
    createAdapter(config, log, certificates),
    {
      logger: new NestLogger(log.logger),
      bodyParser: false,
      abortOnError: false,
    },
  );
  const server = app.getHttpAdapter().getInstance();
  callInferenceDirectly(server, (controller) => app.get<object>(controller, { strict: false }));
  Exchanges.watch(server);
  const memory = app.get(MemoryInFlight);
  const pace = app.get(Pace);
  acceptAnyBody(server, { limit: config.bodyLimit, memory, pace });
  watchReaders(server, memory, pace);
  addMemoryMetrics(app.get(Metrics).registry, memory);
  app.useGlobalFilters(new ErrorFilter());
  closeInOrder(app.getHttpServer());
  app.get(Drain).watch(server);
  observeRequests(server, log, app.get(Metrics), app.get(Tracing));
  // Before everything that may reject a request, because preflights carry no credentials.
  allowOrigins(server, config.corsOrigins);
  if (certificates !== undefined) secure(app, certificates);
  if (config.adminPort !== '') openAdminPort(app, HTTP_OPTIONS, certificates);
  admitRequests(server, app.get(Authenticator), app.get(RateLimits));
  reportLoad(server, app.get(RequestLoad), app.get(Authenticator));
  connectGrpc(app, config, log);
  const examples = app.get(ExampleAnswers);
  serveDocs(app, (version, body) => examples.answer(version, body));
  return app;
}

function createAdapter(
  { bodyLimit, trustProxy }: Config,
  log: Log,
  certificates: Certificates | undefined,
): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit,
    trustProxy: trustProxy.length > 0 && [...trustProxy],
    genReqId: requestIdOf,
    requestTimeout: WHOLE_REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    ...(certificates === undefined
      ? { http: HTTP_OPTIONS }
      : { https: { ...HTTP_OPTIONS, ...httpsOptions(certificates) } }),
    routerOptions: { maxParamLength: 256 },
    return503OnClosing: false,
    clientErrorHandler: (fault, socket) => {
      const answer = answerMalformed(fault, socket);
      if (answer !== undefined) logMalformed(log, answer, socket.remoteAddress);
    },
    frameworkErrors: (fault: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      refuseRequest(fault, request, reply);
      logUnrouted(log, request, reply);
    },
    // No route uses Nest middleware, and its dispatcher takes a tenth of the time of the smallest request.
    skipMiddie: true,
  });
  KnownRoutes.watch(adapter.getInstance());
  return adapter;
}

/** Responds to a path that the router cannot decode, before any hook or filter runs. */
function refuseRequest(fault: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.header(REQUEST_ID_HEADER, request.id);
  sendError(toNexusError(fault, request), request, reply);
}
