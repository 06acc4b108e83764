import { normalizeIp } from '@nestjs/throttler';
import type { FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** The authenticated client. Set by authentication, absent without it. */
    caller?: { readonly id: string };
  }
}

/**
 * The client that a request counts against: the authenticated one, otherwise its address. Unverified headers are ignored,
 * because every invented key would get a new budget. An IPv6 host has a whole /64, which counts as one client.
 */
export function callerOf(
  request: { readonly ip: string | undefined } & Pick<FastifyRequest, 'caller'>,
): string {
  if (request.caller !== undefined) return request.caller.id;
  // A connection that closed before its address was read has none.
  const { ip = 'unknown' } = request;
  return ip.includes(':') ? normalizeIp(ip) : ip;
}

/** The request budget of each client, for requests that do not pass the rate limit guard. */
export abstract class Budget {
  /** Counts one request of `caller`. @throws NexusError of kind `rate_limited` if the budget is used up. */
  abstract spend(caller: string): void;
}
