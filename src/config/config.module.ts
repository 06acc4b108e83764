import { type DynamicModule, Module } from '@nestjs/common';
import { Config } from './config';

/** Provides the {@link Config} of the process to all modules. */
@Module({})
export class ConfigModule {
  static with(config: Config): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      providers: [{ provide: Config, useValue: config }],
      exports: [Config],
    };
  }
}
