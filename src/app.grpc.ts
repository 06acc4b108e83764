import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { addReflection } from './app.reflection';
import type { Config } from './config/config';
import { GrpcHealth } from './health/grpc-health';
import { GrpcServer } from './transport/grpc/grpc-server';
import { Authenticator } from './identity/authenticator';
import { admitCalls } from './transport/grpc/admit-calls';
import { RateLimits } from './rate-limit/rate-limits';
import { observeCalls } from './transport/grpc/grpc-log';
import type { Log } from './observability/log/log';
import { Metrics } from './observability/metrics/metrics';
import { Tracing } from './observability/tracing/tracing';

/**
 * Connects gRPC to the application, with request log, health service and server reflection. Call it after the global
 * filters are set, because it uses only those set before.
 */
export function connectGrpc(app: NestFastifyApplication, config: Config, log: Log): void {
  const server = app.get(GrpcServer);
  const authenticator = app.get(Authenticator);
  server.interceptors.push(
    observeCalls(log, app.get(Metrics), authenticator, server.accessOf, config.bodyLimit, app.get(Tracing)),
  );
  server.interceptors.push(admitCalls(authenticator, app.get(RateLimits), server.accessOf));
  server.extendWith((grpc) => app.get(GrpcHealth).addTo(grpc));
  server.extendWith(addReflection);
  app.connectMicroservice({ strategy: server }, { inheritAppConfig: true });
}
