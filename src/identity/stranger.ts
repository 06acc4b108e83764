import { isIPv4, isIPv6 } from 'node:net';
import { LRUCache } from 'lru-cache';
import { UNLIMITED } from '../limits/quota';
import type { Caller } from './caller';

const UNKNOWN = 'unknown';

/** Networks by address. A client sends many requests, and a lookup takes less time than computing the network. */
const networks = new LRUCache<string, string>({ max: 1000 });

/**
 * A client that has not authenticated, known by its address. Where authentication is off, it may do everything; otherwise
 * it may do nothing that requires a scope.
 */
export class Stranger implements Caller {
  readonly tenant = undefined;
  readonly key = undefined;
  readonly quotas = UNLIMITED;
  private network: string | undefined;

  /**
   * @param origin has the address; undefined for a connection that closed before its address was read.
   * @param seesAll whether it may do everything.
   */
  constructor(
    private readonly origin: { readonly ip: string | undefined },
    readonly seesAll: boolean,
  ) {}

  get id(): string {
    return (this.network ??= knownNetworkOf(this.origin.ip ?? UNKNOWN));
  }

  has(): boolean {
    return this.seesAll;
  }

  sees(): boolean {
    return this.seesAll;
  }
}

function knownNetworkOf(address: string): string {
  let network = networks.get(address);
  if (network === undefined) networks.set(address, (network = networkOf(address)));
  return network;
}

/**
 * The network that counts as one client: an IPv4 address, or the /64 of an IPv6 address, because a single IPv6 host has a
 * whole /64. An IPv4 address mapped into IPv6 counts as itself. `unknown` for other text: a trusted proxy may pass on what
 * the client wrote, which must not be the id of another client.
 */
export function networkOf(address: string): string {
  const [withoutZone = ''] = address.split('%');
  if (!isIPv6(withoutZone)) return isIPv4(address) ? address : UNKNOWN;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(withoutZone);
  if (mapped !== null) return mapped[1]!;
  // Groups before and after `::`. A dotted IPv4 address at the end takes the place of two groups.
  const [head = '', tail] = withoutZone.replace(/\d+\.\d+\.\d+\.\d+$/, '0:0').split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - first.length - last.length }, () => '0');
  const groups = [...first, ...zeros, ...last].slice(0, 4).map((group) => parseInt(group, 16).toString(16));
  return `${groups.join(':')}::/64`;
}
