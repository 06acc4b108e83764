import { type DynamicModule, Module } from '@nestjs/common';
import type { Config } from './config/config';
import { ConfigModule } from './config/config.module';
import { ConsoleModule } from './console/console.module';
import { GrpcModule } from './grpc/grpc.module';
import { HealthModule } from './health/health.module';
import { IdentityModule } from './identity/identity.module';
import type { Log } from './observability/log/log';
import { ObservabilityModule } from './observability/observability.module';
import type { Cluster } from './common/cluster';
import { ProcessesModule } from './processes/processes.module';
import { RateLimitModule } from './rate-limit/rate-limit.module';
import { RedisModule } from './redis/redis.module';
import { ReplicasModule } from './replicas/replicas.module';
import { RestModule } from './rest/rest.module';
import { TransportModule } from './transport/transport.module';

/** The root module, which imports all features. */
@Module({})
export class AppModule {
  static with(config: Config, log: Log, cluster: Cluster): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        ProcessesModule.with(cluster),
        ObservabilityModule.with(log),
        RedisModule,
        ReplicasModule,
        IdentityModule,
        TransportModule,
        RateLimitModule,
        RestModule,
        GrpcModule,
        HealthModule,
        ConsoleModule,
      ],
    };
  }
}
