import { Global, Module } from '@nestjs/common';
import { Config } from '../config/config';
import { Authenticator } from './authenticator';

/** Finds out who sends requests, and what they may do. */
@Global()
@Module({
  providers: [
    {
      provide: Authenticator,
      inject: [Config],
      useFactory: (config: Config) => new Authenticator(undefined, undefined, config.public),
    },
  ],
  exports: [Authenticator],
})
export class IdentityModule {}
