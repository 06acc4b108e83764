import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../config/config';
import { Authenticator } from './authenticator';
import { KeyRing } from './keys/key-ring';
import { TokenVerifier } from './oidc/token-verifier';
import { needsCredentials, requireProtection } from './protection';

const TOKENS = Symbol('the verifier of tokens, if they are accepted');

/** Finds out who sends requests, and what they may do. */
@Global()
@Module({
  providers: [
    {
      provide: KeyRing,
      inject: [Config],
      useFactory: (config: Config) => {
        requireProtection(config);
        return KeyRing.open(config);
      },
    },
    {
      provide: TOKENS,
      inject: [Config],
      useFactory: (config: Config) => TokenVerifier.open(config),
    },
    {
      provide: Authenticator,
      inject: [KeyRing, TOKENS, Config],
      useFactory: (keys: KeyRing, tokens: TokenVerifier | undefined, config: Config) =>
        new Authenticator(needsCredentials(config), keys, tokens, config.public),
    },
  ],
  exports: [Authenticator, KeyRing],
})
export class IdentityModule implements OnApplicationShutdown {
  constructor(@Inject(TOKENS) private readonly tokens: TokenVerifier | undefined) {}

  onApplicationShutdown(): void {
    this.tokens?.close();
  }
}
