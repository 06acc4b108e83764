import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AppModule } from './app.module';
import { sendError } from './common/error-body';
import { ErrorFilter } from './common/error.filter';
import { answerMalformed } from './common/malformed-http';
import { KnownRoutes } from './common/known-routes';
import { readBody } from './common/read-body';
import { REQUEST_ID_HEADER, requestIdOf } from './common/request-id';
import { toNexusError } from './common/to-nexus-error';
import type { Config } from './config/config';
import { serveDocs } from './docs/docs';
import { ExampleAnswers } from './inference/rest/example-answers';
import { connectGrpc } from './app.grpc';
import { Drain } from './health/drain';
import { Log, NestLogger } from './observability/log';
import { Metrics } from './observability/metrics';
import { observeRequests } from './observability/request-log';

/** Longer than load balancers keep an idle connection, so that it is never the server that closes one in use. */
const KEEP_ALIVE_MS = 72_000;
const HEADERS_TIMEOUT_MS = 10_000;
const WHOLE_REQUEST_TIMEOUT_MS = 120_000;

/** The application with everything that is the same in production and in tests. It does not listen yet. */
export async function createApp(
  config: Config,
  log = new Log(config.logLevel),
): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(config, log),
    createAdapter(config),
    {
      logger: new NestLogger(log.logger),
      bodyParser: false,
      abortOnError: false,
    },
  );
  app.useGlobalFilters(new ErrorFilter());
  app.get(Drain).watch(app.getHttpAdapter().getInstance());
  observeRequests(app.getHttpAdapter().getInstance(), log, app.get(Metrics));
  connectGrpc(app, config, log);
  const examples = app.get(ExampleAnswers);
  serveDocs(app, (version, body) => examples.answer(version, body));
  return app;
}

function createAdapter({ bodyLimit, trustProxy }: Config): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit,
    trustProxy: trustProxy.length > 0 && [...trustProxy],
    genReqId: requestIdOf,
    requestTimeout: WHOLE_REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: 1000 },
    routerOptions: { maxParamLength: 256 },
    return503OnClosing: false,
    clientErrorHandler: answerMalformed,
    frameworkErrors: refuseRequest,
    // No route uses Nest middleware; its dispatcher alone takes a tenth of the smallest request.
    skipMiddie: true,
  });
  KnownRoutes.watch(adapter.getInstance());
  acceptAnyBody(adapter, bodyLimit);
  return adapter;
}

/** Answers a path that the router cannot decode, which is before any hook or filter could. */
function refuseRequest(fault: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.header(REQUEST_ID_HEADER, request.id);
  sendError(toNexusError(fault, request), request, reply);
}

/** Hands every body over as a Buffer, whatever its Content-Type says: V2 clients send JSON under any name or none. */
function acceptAnyBody(adapter: FastifyAdapter, limit: number): void {
  const server = adapter.getInstance();
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', readBody(limit));
  // Fastify would refuse a name that is no media type before it asks for a parser.
  server.addHook('onRequest', (request, _reply, done) => {
    request.headers['content-type'] = undefined;
    done();
  });
}
