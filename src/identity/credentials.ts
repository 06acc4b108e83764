import { Refusal } from './refusal';

/** What a request presents to authenticate. */
export interface Credentials {
  /** The Authorization header, or its gRPC metadata. */
  readonly authorization: string | undefined;
  /** The x-api-key header, or its gRPC metadata. */
  readonly apiKey: string | undefined;
  /** Subject of the client certificate; read only if the request has neither of the other two. */
  readonly subject: string | undefined;
}

/** Longest text to read, in characters: base64 of the longest token, and more than any key. */
const MAX_LENGTH = 24 * 1024;

const BEARER = 'Bearer ';
const BASIC = 'Basic ';

/**
 * The key or token in `credentials`: a bearer token (RFC 6750), the password of Basic authentication (RFC 7617), or an
 * x-api-key. undefined if there is none. A request with two different ones is refused, because a proxy might have checked
 * the other one.
 */
export function secretIn({ authorization, apiKey }: Credentials): string | Refusal | undefined {
  if (authorization === undefined) return apiKey;
  if (authorization.length > MAX_LENGTH) return new Refusal('the Authorization header is too long');
  const secret = secretOf(authorization);
  if (secret === undefined)
    return new Refusal('the Authorization header is not one Bearer or Basic credential');
  if (apiKey !== undefined && apiKey !== secret)
    return new Refusal('Authorization and x-api-key contain different credentials');
  return secret;
}

function secretOf(authorization: string): string | undefined {
  const bearer = afterScheme(authorization, BEARER);
  // Header values that occur twice arrive joined by a comma.
  if (bearer !== undefined) return /[\s,]/.test(bearer) ? undefined : bearer;
  const basic = afterScheme(authorization, BASIC);
  if (basic === undefined || !/^[\w+/-]+={0,2}$/.test(basic)) return undefined;
  const text = Buffer.from(basic, 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : text.slice(colon + 1);
}

/** The text after `scheme`, whose case is insignificant (RFC 9110 section 11.1). */
function afterScheme(authorization: string, scheme: string): string | undefined {
  const { length } = scheme;
  const isScheme =
    authorization.startsWith(scheme) || authorization.slice(0, length).toLowerCase() === scheme.toLowerCase();
  return isScheme ? authorization.slice(length).trim() : undefined;
}
