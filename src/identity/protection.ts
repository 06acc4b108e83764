import { BlockList, isIP } from 'node:net';
import type { Config } from '../config/config';
import { ConfigError } from '../config/config-error';

/**
 * Refuses to start where other machines could use the models without credentials.
 * @throws {ConfigError} that names the ways on, unless the server listens on loopback, has keys or an issuer of tokens, or
 * NEXUS_AUTH is off; and if NEXUS_AUTH is off although there are keys or an issuer.
 */
export function requireProtection(config: Config): void {
  const { host, adminHost, auth } = config;
  if (needsCredentials(config)) {
    if (auth === 'off')
      throw new ConfigError([
        'NEXUS_AUTH=off: expected no keys and no issuer, whose permissions nobody would check; unset NEXUS_API_KEY, NEXUS_KEYS_FILE and NEXUS_OIDC_ISSUER, or unset NEXUS_AUTH',
      ]);
    return;
  }
  const reachable = { NEXUS_HOST: host, NEXUS_ADMIN_HOST: adminHost || host };
  const [setting, address] = Object.entries(reachable).find(([, value]) => !isLoopback(value)) ?? [];
  if (auth === 'on' && address !== undefined)
    throw new ConfigError([
      `${setting}=${address}: everyone who reaches this address could use the models; set NEXUS_API_KEY or make a key in NEXUS_KEYS_FILE (yarn keys create <id>), set NEXUS_OIDC_ISSUER for tokens, or set NEXUS_AUTH=off on a network that you trust`,
    ]);
}

/** Whether requests need credentials, because there are some to check. */
export function needsCredentials({ apiKey, keysFile, oidcIssuer }: Config): boolean {
  return apiKey.length > 0 || keysFile !== '' || oidcIssuer !== '';
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether only this machine can reach `host`, an IP address or a host name. */
export function isLoopback(host: string): boolean {
  const version = isIP(host);
  return version === 0 ? host === 'localhost' : LOOPBACK.check(host, version === 4 ? 'ipv4' : 'ipv6');
}
