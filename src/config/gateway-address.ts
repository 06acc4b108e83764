/** Where a client on this machine reaches the gateway that the environment describes. */
export interface GatewayAddress {
  /** URL of the main port, without a slash at the end. */
  readonly url: string;
  /** URL of the port for operators; `url` if there is no separate one. */
  readonly adminUrl: string;
  /** The first key of NEXUS_API_KEY; empty if none. */
  readonly key: string;
}

/** Addresses that mean all addresses of the machine; clients use the loopback address. */
const ALL_ADDRESSES: Readonly<Record<string, string>> = {
  '': '127.0.0.1',
  '0.0.0.0': '127.0.0.1',
  '::': '::1',
};

/**
 * The address that NEXUS_HOST, NEXUS_PORT, NEXUS_TLS_CERT and NEXUS_ADMIN_PORT describe, and the key in NEXUS_API_KEY. Commands
 * that call a gateway need no other setting, and start in half the time without their checks.
 */
export function gatewayAddressIn(env: NodeJS.ProcessEnv = process.env): GatewayAddress {
  const scheme = env['NEXUS_TLS_CERT'] ? 'https' : 'http';
  const urlOf = (host: string, port: string) => {
    const reachable = ALL_ADDRESSES[host] ?? host;
    return `${scheme}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
  };
  const host = env['NEXUS_HOST'] ?? '';
  const url = urlOf(host, /^\d+$/.test(env['NEXUS_PORT'] ?? '') ? env['NEXUS_PORT']! : '8000');
  const adminPort = env['NEXUS_ADMIN_PORT'] ?? '';
  return {
    url,
    adminUrl: adminPort === '' ? url : urlOf(env['NEXUS_ADMIN_HOST'] || host, adminPort),
    key: env['NEXUS_API_KEY']?.split(',')[0]?.trim() ?? '',
  };
}
