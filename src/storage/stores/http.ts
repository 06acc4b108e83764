import type { IncomingHttpHeaders } from 'node:http';
import { EnvHttpProxyAgent, request, type Dispatcher } from 'undici';
import { VERSION } from '../../common/version';
import { isSecureUrl } from '../../config/oidc';
import { StoreFault, type Content, type FaultKind } from '../store';

const MAX_REDIRECTS = 5;
const CONNECT_TIMEOUT_MS = 5000;
const HEADERS_TIMEOUT_MS = 30_000;
/** Maximum size of a listing, or one page of it. */
const MAX_TEXT_BYTES = 32 * 2 ** 20;

const agent = new EnvHttpProxyAgent({
  connect: { timeout: CONNECT_TIMEOUT_MS },
  headersTimeout: HEADERS_TIMEOUT_MS,
  // The reader of the body has its own limit.
  bodyTimeout: 0,
});

/** A request to an HTTP server. */
export interface FileRequest {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  /** Value of Authorization. Other origins, which redirects lead to, do not receive it. */
  readonly authorization?: string;
  readonly signal: AbortSignal;
}

/** A successful response, or 304. */
export interface FileResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Headers of all responses, redirects included, the last first. */
  readonly all: readonly IncomingHttpHeaders[];
  readonly body: Dispatcher.ResponseData['body'];
}

/**
 * Sends a request, and follows redirects.
 * @param shown the object or repository, for messages.
 * @throws StoreFault for every status other than 2xx and 304.
 */
export async function send(url: string, shown: string, options: FileRequest): Promise<FileResponse> {
  const all: IncomingHttpHeaders[] = [];
  const { origin } = new URL(url);
  for (let target = url; all.length <= MAX_REDIRECTS;) {
    const { method = 'GET', headers, authorization, signal } = options;
    const isOwn = new URL(target).origin === origin && authorization !== undefined;
    const response = await request(target, {
      method,
      signal,
      dispatcher: agent,
      headers: {
        'user-agent': `nexus/${VERSION}`,
        ...headers,
        ...(isOwn ? { authorization } : {}),
      },
    }).catch((error: unknown) => {
      throw unreachable(shown, error);
    });
    const { statusCode: status, body } = response;
    all.unshift(response.headers);
    const { location } = response.headers;
    if (status < 300 || status === 304) return { status, headers: response.headers, all, body };
    await body.dump({ limit: 64 * 1024 }).catch(() => {});
    if (status >= 400 || typeof location !== 'string') throw refusal(shown, status);
    const next = URL.parse(location, target)?.href ?? '';
    if (!mayLeadTo(next, target))
      throw new StoreFault(
        'refused',
        `${shown} redirects to an address that is not https; name its https URL`,
      );
    target = next;
  }
  throw new StoreFault('refused', `${shown} redirects more than ${MAX_REDIRECTS} times; name its final URL`);
}

/** Whether a redirect of the server at `from` may lead to `target`. https never leads to http, such as a service of this machine. */
function mayLeadTo(target: string, from: string): boolean {
  if (target.startsWith('https:')) return isSecureUrl(target);
  return (
    from.startsWith('http:') && (isSecureUrl(target) || URL.parse(target)?.origin === new URL(from).origin)
  );
}

/** Like {@link send}, for a text of bounded size. @throws StoreFault */
export async function sendForText(
  url: string,
  shown: string,
  options: FileRequest,
): Promise<FileResponse & { text: string }> {
  const response = await send(url, shown, options);
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of response.body as AsyncIterable<Uint8Array>) {
      size += part.byteLength;
      if (size > MAX_TEXT_BYTES)
        throw new StoreFault(
          'invalid',
          `the listing of ${shown} has more than ${MAX_TEXT_BYTES} bytes; name fewer files`,
        );
      parts.push(part);
    }
  } catch (error) {
    throw error instanceof StoreFault ? error : unreachable(shown, error);
  }
  return { ...response, text: Buffer.concat(parts).toString('utf8') };
}

/** The content of a response to a request for the bytes from `from` on. @throws StoreFault if it has another range. */
export function contentOf({ status, headers, body }: FileResponse, from: number, shown: string): Content {
  const content = body as AsyncIterable<Uint8Array>;
  if (status !== 206) return { from: 0, body: content };
  const range = /^bytes (\d+)-/.exec(String(headers['content-range']))?.[1];
  if (Number(range) === from) return { from, body: content };
  throw new StoreFault('unreachable', `${shown}: expected the bytes from ${from} on, got another range`);
}

/** The fault of a request that got no response, or not all of it. */
export function unreachable(shown: string, error: unknown): StoreFault {
  if (error instanceof StoreFault) return error;
  const { code, name, cause } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException };
  return new StoreFault('unreachable', `${shown} cannot be reached: ${code ?? cause?.code ?? name}`);
}

/** The fault of a response with the status of an error. `code` is the store's own code for it. */
export function refusal(shown: string, status: number, code = ''): StoreFault {
  const [kind, meaning] = meaningOf(status);
  const answer = code === '' ? `${status}` : `${status} ${code}`;
  return new StoreFault(kind, `${shown}: ${answer}, ${meaning}`);
}

function meaningOf(status: number): readonly [FaultKind, string] {
  if (status === 401 || status === 403)
    return ['refused', 'these credentials may not list or read it; grant the permission, or set others'];
  if (status === 404 || status === 410) return ['refused', 'it does not exist; correct the URL'];
  if (status === 412 || status === 416) return ['changed', 'it was replaced while it was being read'];
  if (status >= 500 || status === 408 || status === 429)
    return ['unreachable', 'the server cannot answer at the moment'];
  return ['refused', 'the server does not accept the request; correct the URL'];
}
