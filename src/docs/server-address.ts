import type { FastifyRequest } from 'fastify';
import { SERVER } from './models/code-samples';

/** A host name, an IPv4 address, or an IPv6 address in brackets, with or without a port. Excludes characters with a meaning in a shell. */
const HOST = /^(?:[A-Za-z\d](?:[A-Za-z\d.-]{0,251}[A-Za-z\d])?|\[[A-Fa-f\d:.]{2,45}\])(?::\d{1,5})?$/;

/**
 * The address at which the client reaches the server, from the Host header or the headers of a trusted proxy. The default
 * address if they are not valid.
 */
export function serverAddress({ protocol, host }: FastifyRequest): string {
  const isKnown = (protocol === 'http' || protocol === 'https') && HOST.test(host);
  if (isKnown) return `${protocol}://${host}`;
  return protocol === 'https' ? SERVER.replace('http:', 'https:') : SERVER;
}
