import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Siblings } from '../common/siblings';

/** Provides the {@link Siblings} of the process to every feature. */
@Global()
@Module({})
export class ProcessesModule {
  static with(siblings: Siblings): DynamicModule {
    return {
      module: ProcessesModule,
      providers: [{ provide: Siblings, useValue: siblings }],
      exports: [Siblings],
    };
  }
}
