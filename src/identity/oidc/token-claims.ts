import type { JWTPayload } from 'jose';
import type { ClaimMap } from '../../config/oidc';
import { UNLIMITED } from '../../limits/quota';
import type { Grant } from '../known-caller';
import { type Scope, SCOPES } from '../scope';

/** Name of the tenant of tokens without one. */
const DEFAULT_TENANT = 'default';

/** Prefix of scopes in claims, because roles such as `admin` exist in other applications too. */
const SCOPE_PREFIX = 'nexus:';

/** Maximum number of models that a token may name. */
const MAX_MODELS = 256;

const MAX_MODEL_LENGTH = 256;

/** No `/`, which separates tenant and key. */
const TENANT = /^[\w][\w.:@-]{0,127}$/;

/** Visible ASCII. */
const SUBJECT = /^[\x21-\x7e]{1,128}$/;

/**
 * What the claims of a token grant, or why the token is refused. The key is `oidc:<claim>`, where `/` and `%` are
 * percent-encoded, so that it is no key of a file, and no other tenant's.
 */
export function grantOf(claims: JWTPayload, map: ClaimMap): Grant | string {
  const subject = at(claims, map.key);
  if (typeof subject !== 'string' || !SUBJECT.test(subject))
    return `the claim ${map.key} of the token is not a text of 1 to 128 visible ASCII characters`;
  const tenant = at(claims, map.tenant) ?? DEFAULT_TENANT;
  if (typeof tenant !== 'string' || !TENANT.test(tenant))
    return `the claim ${map.tenant} of the token is not a text of 1 to 128 letters, digits and _ . : @ -`;
  const scopes = scopesOf(claims, map);
  if (scopes === undefined)
    return `the claim ${map.scopes} of the token is neither a text nor an array of texts`;
  const models = modelsOf(claims, map);
  if (models === undefined)
    return `the claim ${map.models} of the token does not name up to ${MAX_MODELS} models as a text or an array of texts`;
  const key = `oidc:${subject.replace(/[/%]/g, encodeURIComponent)}`;
  return { key, tenant, scopes, models, quotas: UNLIMITED };
}

/** A map without scopes grants the least of them. A claim that is mapped but absent grants none. */
function scopesOf(claims: JWTPayload, { scopes: path }: ClaimMap): readonly Scope[] | undefined {
  if (path === undefined) return ['infer'];
  const words = wordsOf(at(claims, path), /\s+/);
  return words && SCOPES.filter((scope) => words.includes(SCOPE_PREFIX + scope));
}

/** A map without models grants all of them. A claim that is mapped but absent grants none. */
function modelsOf(claims: JWTPayload, { models: path }: ClaimMap): readonly string[] | undefined {
  if (path === undefined) return ['*'];
  const words = wordsOf(at(claims, path), /[\s,]+/);
  const fit = words && words.length <= MAX_MODELS && words.every((name) => name.length <= MAX_MODEL_LENGTH);
  return fit ? words : undefined;
}

/** The words of a text or an array of texts; undefined for any other value. */
function wordsOf(value: unknown, separator: RegExp): readonly string[] | undefined {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return value.split(separator).filter((word) => word !== '');
  return Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : undefined;
}

/**
 * The claim at `path`, such as `realm_access.roles`. Names of claims may contain dots (`https://example.com/roles`), so the
 * longest name that exists is followed.
 */
function at(claims: object, path: string | undefined): unknown {
  if (path === undefined) return undefined;
  if (Object.hasOwn(claims, path)) return claims[path as keyof typeof claims];
  for (let end = path.lastIndexOf('.'); end > 0; end = path.lastIndexOf('.', end - 1)) {
    const name = path.slice(0, end);
    if (!Object.hasOwn(claims, name)) continue;
    const inner: unknown = claims[name as keyof typeof claims];
    return typeof inner === 'object' && inner !== null ? at(inner, path.slice(end + 1)) : undefined;
  }
  return undefined;
}
