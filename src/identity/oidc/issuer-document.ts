import { quote } from '../../common/quote';
import { isSecureUrl } from '../../config/oidc';

/** Limit of a document of the issuer. Real ones have a few KiB. */
const MAX_BYTES = 2 ** 20;

const DISCOVERY = '/.well-known/openid-configuration';

/**
 * The URL of the keys of `issuer`, from its discovery document (OpenID Connect Discovery 1.0 section 4).
 * @throws Error if the document cannot be fetched, or is that of another issuer.
 */
export async function discoverKeys(issuer: string, signal: AbortSignal): Promise<string> {
  const { issuer: named, jwks_uri: url } = await fetchObject(issuer.replace(/\/$/, '') + DISCOVERY, signal);
  // Section 4.3: otherwise one issuer could pass off its keys as those of another.
  if (named !== issuer)
    throw new Error(`its discovery document names the issuer ${quote(String(named))}, not this one`);
  if (typeof url !== 'string' || !isSecureUrl(url))
    throw new Error('the jwks_uri of its discovery document is not an https URL');
  return url;
}

/**
 * The JSON object at `url`.
 * @throws Error if it cannot be fetched, redirects, has more than 1 MiB or is not a JSON object.
 */
export async function fetchObject(url: string, signal: AbortSignal): Promise<Record<string, unknown>> {
  const response = await fetch(url, { signal, redirect: 'manual', headers: { accept: 'application/json' } });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`${url} returned status ${response.status}; expected 200`);
  }
  const value = parsed(await textOf(response, url), url);
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new Error(`${url} returned no JSON object`);
}

/** Reads no more than {@link MAX_BYTES}, decompressed, whatever length the response announces. */
async function textOf({ body }: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop by an error cancels the response.
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error(`${url} returned more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}

function parsed(text: string, url: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${url} returned no JSON`);
  }
}
