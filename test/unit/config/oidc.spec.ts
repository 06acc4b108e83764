import 'reflect-metadata';
import { ConfigError } from '../../../src/config/config-error';
import { loadConfig } from '../../../src/config/load-config';

const ISSUER = { NEXUS_OIDC_ISSUER: 'https://id.example/realms/main/', NEXUS_OIDC_AUDIENCE: 'nexus, other' };

function load(env: NodeJS.ProcessEnv) {
  return loadConfig({ NEXUS_MODEL_REPOSITORY: __dirname, ...env });
}

/** The variables that a start with `env` is refused for. */
function faultsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    load(env);
  } catch (error) {
    return (error as ConfigError).lines.map((line) => line.split('=')[0]!);
  }
  return [];
}

describe('settings of OIDC', () => {
  it('are read as they are, with defaults', () => {
    expect(load(ISSUER)).toMatchObject({
      oidcIssuer: 'https://id.example/realms/main/',
      oidcAudience: ['nexus', 'other'],
      oidcJwksUri: '',
      oidcAlgorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      oidcClockSkewS: 60,
      oidcClaims: ['key=sub', 'tenant=tenant', 'scopes=scope'],
    });
  });

  it.each(['http://127.0.0.1:9', 'http://localhost/a', 'http://[::1]:9', 'https://id.example'])(
    'take the issuer %s',
    (url) => expect(faultsOf({ ...ISSUER, NEXUS_OIDC_ISSUER: url })).toEqual([]),
  );

  it.each([
    ['NEXUS_OIDC_ISSUER', 'http://id.example'],
    ['NEXUS_OIDC_ISSUER', 'http://127.0.0.1.example'],
    ['NEXUS_OIDC_ISSUER', 'https://user:password@id.example'],
    ['NEXUS_OIDC_ISSUER', 'https://id.example?x=1'],
    ['NEXUS_OIDC_ISSUER', 'https://id.example#x'],
    ['NEXUS_OIDC_ISSUER', 'id.example'],
    ['NEXUS_OIDC_ISSUER', 'file:///etc/passwd'],
    ['NEXUS_OIDC_AUDIENCE', ''],
    ['NEXUS_OIDC_AUDIENCE', ' , '],
    ['NEXUS_OIDC_JWKS_URI', 'http://id.example/keys'],
    ['NEXUS_OIDC_ALGORITHMS', 'none'],
    ['NEXUS_OIDC_ALGORITHMS', 'RS256,HS256'],
    ['NEXUS_OIDC_ALGORITHMS', 'rs256'],
    ['NEXUS_OIDC_ALGORITHMS', ','],
    ['NEXUS_OIDC_CLOCK_SKEW_S', '601'],
    ['NEXUS_OIDC_CLOCK_SKEW_S', '-1'],
    ['NEXUS_OIDC_CLAIMS', 'tenant=tenant'],
    ['NEXUS_OIDC_CLAIMS', 'key=sub,key=email'],
    ['NEXUS_OIDC_CLAIMS', 'key=sub,groups=groups'],
    ['NEXUS_OIDC_CLAIMS', 'key='],
    ['NEXUS_OIDC_CLAIMS', 'key'],
  ])('refuse %s=%s', (name, value) => {
    expect(faultsOf({ ...ISSUER, [name]: value })).toEqual([name]);
  });

  it('refuse an audience or keys without an issuer', () => {
    expect(
      faultsOf({ NEXUS_OIDC_AUDIENCE: 'nexus', NEXUS_OIDC_JWKS_URI: 'https://id.example/keys' }),
    ).toEqual(['NEXUS_OIDC_AUDIENCE', 'NEXUS_OIDC_JWKS_URI']);
  });
});
