import { type DynamicModule, Module } from '@nestjs/common';
import { Config } from './config';

/** Gives every feature the {@link Config} that the process was started with. */
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
