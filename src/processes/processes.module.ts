import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Cluster } from '../common/cluster';

/** Provides the {@link Cluster} of the process to every feature. */
@Global()
@Module({})
export class ProcessesModule {
  static with(cluster: Cluster): DynamicModule {
    return {
      module: ProcessesModule,
      providers: [{ provide: Cluster, useValue: cluster }],
      exports: [Cluster],
    };
  }
}
