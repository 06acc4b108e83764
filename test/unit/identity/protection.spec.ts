import { Config } from '../../../src/config/config';
import { requireProtection } from '../../../src/identity/protection';

const start = (settings: Partial<Config>) => () => requireProtection(Object.assign(new Config(), settings));

describe('a start without credentials to check', () => {
  it.each(['127.0.0.1', '127.8.9.1', '::1', 'localhost'])('is possible on %s', (host) => {
    expect(start({ host, adminPort: '0', adminHost: host })).not.toThrow();
  });

  it.each(['0.0.0.0', '::', '0', '192.0.2.1', '::ffff:192.0.2.1', 'gateway.example', 'localhost.example'])(
    'is refused on %s, unless NEXUS_AUTH is off',
    (host) => {
      expect(start({ host })).toThrow(
        /^NEXUS_HOST=\S+: everyone who reaches this address .*NEXUS_API_KEY.*NEXUS_KEYS_FILE.*NEXUS_OIDC_ISSUER.*NEXUS_AUTH=off/,
      );
      expect(start({ adminPort: '0', adminHost: host })).toThrow(/^NEXUS_ADMIN_HOST=\S+: everyone /);
      expect(start({ host, auth: 'off' })).not.toThrow();
    },
  );
});

describe('a start with credentials to check', () => {
  it.each([
    { apiKey: ['correct-horse-battery'] },
    { keysFile: 'keys.yaml' },
    { oidcIssuer: 'https://issuer.example' },
  ])('is possible on all addresses, and refused with NEXUS_AUTH=off: %j', (settings) => {
    expect(start({ ...settings, host: '0.0.0.0' })).not.toThrow();
    expect(start({ ...settings, auth: 'off' })).toThrow(/^NEXUS_AUTH=off: expected no keys and no issuer/);
  });
});
