import { gatewayAddressIn } from '../config/gateway-address';
import { CommandError, EXIT_CODES, usageError } from './command-error';
import type { GatewayOptions } from './gateway-options';

/** One HTTP request. */
export interface GatewayRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes and text are sent as they are. */
  readonly body?: Uint8Array<ArrayBuffer> | string;
  readonly signal?: AbortSignal;
}

/** Calls a running gateway over HTTP. Every failure is a {@link CommandError} with the error text of the API. */
export class GatewayClient {
  /**
   * @param url without a slash at the end.
   * @param key API key; empty for none.
   */
  constructor(
    readonly url: string,
    private readonly key: string,
  ) {}

  /** The gateway of `--url`, by default that of the environment. The key comes from NEXUS_API_KEY. @throws CommandError usage */
  static of({ url }: GatewayOptions): GatewayClient {
    const address = gatewayAddressIn();
    return new GatewayClient(url === undefined ? address.url : normalised(url), sendable(address.key));
  }

  /** As {@link of}, for the routes of operators: load, unload, metrics and the like, which NEXUS_ADMIN_PORT may move. */
  static forOperators({ url }: GatewayOptions): GatewayClient {
    const address = gatewayAddressIn();
    return new GatewayClient(url === undefined ? address.adminUrl : normalised(url), sendable(address.key));
  }

  /** Headers that authenticate a request. Do not print them. */
  get headers(): Readonly<Record<string, string>> {
    return this.key === '' ? {} : { 'x-api-key': this.key };
  }

  /** The JSON at `path`, which begins with a slash. */
  get<T>(path: string): Promise<T> {
    return this.json(path);
  }

  /** Sends `body` as JSON. Resolves with the JSON of the response; undefined if it has no body. */
  post<T>(path: string, body: unknown = {}): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    return this.json(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  /** Sends any request. Resolves with the JSON of the response, an object or array; undefined if it has no body. */
  async json<T>(path: string, request: GatewayRequest = {}): Promise<T> {
    const response = await this.send(path, request);
    const text = await response.text().catch((error: Error) => {
      throw this.unreachable(error);
    });
    if (text === '') return undefined as T;
    try {
      const value = JSON.parse(text) as unknown;
      if (typeof value === 'object' && value !== null) return value as T;
    } catch {
      // The error would quote the response.
    }
    throw this.stranger();
  }

  /** The error for a response that no gateway sends. */
  stranger(): CommandError {
    return new CommandError(
      `expected a Nexus gateway at ${this.url}; came a response of another server`,
      'name the gateway with --url',
    );
  }

  /** Sends any request. Resolves with a response of status 2xx. */
  async send(
    path: string,
    { method = 'GET', headers, body, signal }: GatewayRequest = {},
  ): Promise<Response> {
    const response = await fetch(this.url + path, {
      // Another server must not receive the key.
      redirect: 'manual',
      method,
      headers: { ...this.headers, ...headers },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    }).catch((error: Error) => {
      throw this.unreachable(error);
    });
    if (response.ok) return response;
    throw refusal(response.status, await response.text().catch(() => ''));
  }

  private unreachable(error: Error): CommandError {
    const { code, message } = (error.cause ?? error) as NodeJS.ErrnoException;
    if (code === 'UND_ERR_HEADERS_TIMEOUT')
      return new CommandError(
        `${this.url} has not answered yet`,
        'it may still be working; see nexus models',
      );
    const hint = /CERT|SIGNED|ALTNAME/.test(code ?? '')
      ? 'set NODE_EXTRA_CA_CERTS to the certificate of its authority'
      : 'start it with: nexus serve, or name another with --url';
    return new CommandError(`cannot reach ${this.url}: ${code ?? message}`, hint, EXIT_CODES.unreachable);
  }
}

/** The URL in `text`, which may lack the scheme. @throws CommandError usage */
function normalised(text: string): string {
  const given = text.includes('://') ? text : `http://${text}`;
  if (/^[^/]*\/\/[^/]*@/.test(given))
    throw new CommandError(
      'expected --url without a user and a password',
      'set NEXUS_API_KEY to a key',
      EXIT_CODES.usage,
    );
  if (/^https?:/.test(given) && URL.canParse(given)) return given.replace(/\/+$/, '');
  throw usageError(`expected --url with a URL such as http://127.0.0.1:8000; came ${JSON.stringify(text)}`);
}

/** `key`, if a header can contain it. @throws CommandError usage, without the key, which errors of fetch quote */
function sendable(key: string): string {
  if (/^[!-~]*$/.test(key)) return key;
  throw new CommandError(
    'NEXUS_API_KEY: expected a key of printable ASCII characters without spaces',
    'correct it',
    EXIT_CODES.usage,
  );
}

function refusal(status: number, body: string): CommandError {
  const isDenied = status === 401 || status === 403;
  const isMoved = status >= 300 && status < 400;
  const hint = isDenied
    ? 'set NEXUS_API_KEY to a key that is allowed to do this'
    : isMoved
      ? 'name the gateway itself with --url, because redirects are not followed'
      : undefined;
  return new CommandError(
    `${messageIn(body) ?? 'the gateway failed'} (HTTP ${status})`,
    hint,
    EXIT_CODES.failed,
    status,
  );
}

/** The message in the body of an error of the API, `{"error": "text"}` or `{"error": {"message": "text"}}`; undefined if it has none. */
export function messageIn(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as { error?: string | { message?: unknown } };
    const message = typeof error === 'string' ? error : error?.message;
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}
