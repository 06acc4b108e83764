import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Cluster } from '../common/cluster';
import { Config } from '../config/config';
import { Authenticator } from './authenticator';
import { KeyRing } from './keys/key-ring';
import { TokenVerifier } from './oidc/token-verifier';
import { Replicas } from '../replicas/replicas';
import { needsCredentials, requireProtection } from './protection';

const TOKENS = Symbol('the verifier of tokens, if they are accepted');

/** Finds out who sends requests, and what they may do. */
@Global()
@Module({
  providers: [
    {
      provide: KeyRing,
      inject: [Config, Replicas, Cluster],
      useFactory: (config: Config, replicas: Replicas, { index }: Cluster) => {
        requireProtection(config);
        // One process publishes and writes the file for all of this replica.
        return KeyRing.open(config, { sharing: { replicas, isLeader: index === 0 } });
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
