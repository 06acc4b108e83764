import type { FastifyRequest } from 'fastify';
import { SERVER } from './models/code-samples';

/** A name or an IPv4 address, or an IPv6 address in brackets, each with or without a port: nothing that means more in a shell. */
const HOST = /^(?:[A-Za-z\d](?:[A-Za-z\d.-]{0,251}[A-Za-z\d])?|\[[A-Fa-f\d:.]{2,45}\])(?::\d{1,5})?$/;

/**
 * The address by which a client knows the server: its Host header, or what a trusted proxy says of it. The usual one
 * where that is no address.
 */
export function serverAddress({ protocol, host }: FastifyRequest): string {
  const isKnown = (protocol === 'http' || protocol === 'https') && HOST.test(host);
  return isKnown ? `${protocol}://${host}` : SERVER;
}
