import type { X509Certificate } from 'node:crypto';

/** The part of a TLS socket that describes its client. */
export interface ClientSocket {
  /** Whether the client has a certificate, signed by an authority that the server trusts. */
  readonly authorized?: boolean;
  getPeerX509Certificate?(): X509Certificate | undefined;
}

/** One subject alternative name. Node writes a value with special characters as a JSON string. */
const ALTERNATIVE_NAME = /([^:]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy;

/** Reading a certificate takes about 10 us, and a socket has the same one for all its requests. */
const subjects = new WeakMap<ClientSocket, string | undefined>();

/**
 * The subject of the client's certificate: its first URI (the SPIFFE ID), otherwise its common name. undefined without
 * TLS, without a certificate, with one that was not verified against NEXUS_TLS_CLIENT_CA, and with several common names.
 */
export function clientSubjectOf(socket: ClientSocket): string | undefined {
  if (socket.authorized !== true) return undefined;
  if (subjects.has(socket)) return subjects.get(socket);
  const certificate = socket.getPeerX509Certificate?.();
  const subject = certificate && (firstUri(certificate) ?? commonName(certificate));
  subjects.set(socket, subject);
  return subject;
}

function firstUri({ subjectAltName = '' }: X509Certificate): string | undefined {
  for (const [, type, value] of subjectAltName.matchAll(ALTERNATIVE_NAME))
    if (type === 'URI') return value!.startsWith('"') ? (JSON.parse(value!) as string) : value;
  return undefined;
}

function commonName(certificate: X509Certificate): string | undefined {
  // An array if there are several.
  const name: unknown = certificate.toLegacyObject().subject.CN;
  return typeof name === 'string' && name !== '' ? name : undefined;
}
