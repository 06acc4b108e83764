/**
 * Algorithms of signatures that tokens may have (RFC 7518 section 3.1, RFC 8037, RFC 9864). All of them are asymmetric: a
 * secret that the gateway shares with the issuer could sign tokens too.
 */
export const TOKEN_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

/** What a claim can determine about a client. */
const CLAIM_TARGETS = ['key', 'tenant', 'scopes', 'models'] as const;

/** The claim that determines each property of a client; undefined for a property that no claim determines. */
export type ClaimMap = Readonly<
  Record<'key', string> & Partial<Record<(typeof CLAIM_TARGETS)[number], string>>
>;

/** The map that entries such as `tenant=org.name` describe. They must pass {@link isClaimMap}. */
export function claimMapOf(entries: readonly string[]): ClaimMap {
  return Object.fromEntries(entries.map(targetAndClaim)) as ClaimMap;
}

/** Whether `entries` describe a {@link ClaimMap}, with `key` and each property at most once. */
export function isClaimMap(entries: readonly string[]): boolean {
  const pairs = entries.map(targetAndClaim);
  const targets = pairs.map(([target]) => target);
  return (
    pairs.every(([target, claim]) => (CLAIM_TARGETS as readonly string[]).includes(target) && claim !== '') &&
    new Set(targets).size === targets.length &&
    targets.includes('key')
  );
}

/** A claim may be named by a URL, so only the first `=` separates. */
function targetAndClaim(entry: string): [string, string] {
  const at = entry.indexOf('=');
  return at === -1 ? [entry, ''] : [entry.slice(0, at).trim(), entry.slice(at + 1).trim()];
}

/** Whether `text` is the URL of an issuer (OpenID Connect Discovery 1.0 section 3): https, without query or fragment. */
export function isIssuer(text: string): boolean {
  return isSecureUrl(text) && !/[?#]/.test(text);
}

/** Whether `text` is an https URL without credentials. http is allowed on loopback, where nobody can change the response. */
export function isSecureUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
