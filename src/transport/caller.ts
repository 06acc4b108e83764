import { normalizeIp } from '@nestjs/throttler';
import type { FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling, once it has been proven: set by authentication, absent without it. */
    caller?: { readonly id: string };
  }
}

/**
 * Whom to count a request for: the authenticated caller, otherwise the address. A header that nobody has verified
 * names no one, or every made-up key would bring a fresh budget. An IPv6 host has a whole /64, so that is one caller.
 */
export function callerOf(
  request: { readonly ip: string | undefined } & Pick<FastifyRequest, 'caller'>,
): string {
  if (request.caller !== undefined) return request.caller.id;
  // A connection that was gone before anybody asked has no address.
  const { ip = 'unknown' } = request;
  return ip.includes(':') ? normalizeIp(ip) : ip;
}

/** How many requests a caller may still send: for protocols whose requests the guard of the rate limit does not see. */
export abstract class Budget {
  /** Counts one request of `caller`. @throws NexusError of kind `rate_limited` when the budget is spent. */
  abstract spend(caller: string): void;
}
