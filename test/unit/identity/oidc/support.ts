import { Config } from '../../../../src/config/config';
import { TokenVerifier } from '../../../../src/identity/oidc/token-verifier';
import { Issuer, type IssuerKey } from '../../../fixtures/issuer';
import { START, TestClock } from './test-clock';

/** An issuer whose tokens are made when the clock of tests starts. */
export async function startIssuer(key?: IssuerKey): Promise<Issuer> {
  const issuer = await Issuer.start(key);
  issuer.clock = () => START;
  return issuer;
}

/** A verifier of the tokens of `issuer`, with the defaults for all that `settings` does not set. */
export async function verifierOf(
  issuer: Issuer,
  settings: Partial<Config> = {},
  clock = new TestClock(),
): Promise<TokenVerifier> {
  const own = { oidcIssuer: issuer.url, oidcAudience: [issuer.audience] };
  const config = Object.assign(new Config(), own, settings);
  return (await TokenVerifier.open(config, clock))!;
}

/** What becomes of `token`: the id of its client, or the reason of its refusal. */
export async function outcomeOf(verifier: TokenVerifier, token: string): Promise<string> {
  const { caller, refusal } = await verifier.verify(token);
  if (caller !== undefined) return caller.id;
  return refusal.unavailable ? `unavailable: ${refusal.reason}` : `refused: ${refusal.reason}`;
}
