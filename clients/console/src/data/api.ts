/** The gateway returned an error, or nothing. `message` is that of the API, which says how to fix it. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status; 0 if no response came. */
    readonly status: number,
    readonly code: string,
    readonly requestId: string,
  ) {
    super(message);
  }
}

/** A request that the page sends, and shows as code. `path` has no leading slash, so that a proxy can add a prefix. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly json?: unknown;
  readonly file?: File;
}

/** The address of the gateway, with a slash at the end. */
export const BASE = new URL('.', location.href).href;

/** Calls the gateway. The key is kept in memory only, so it is gone when the page is closed or loaded again. */
export class Api {
  private key: string | undefined;

  get hasKey(): boolean {
    return this.key !== undefined;
  }

  /** Sends `key` from now on; undefined sends none. */
  useKey(key: string | undefined): void {
    this.key = key;
  }

  /** Sends `call` and returns the response if its status is a success. @throws ApiError */
  async send(call: Call, signal?: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = {};
    if (this.key !== undefined) headers['authorization'] = `Bearer ${this.key}`;
    if (call.json !== undefined) headers['content-type'] = 'application/json';
    if (call.file !== undefined) headers['content-type'] = call.file.type;
    const body = call.file ?? (call.json === undefined ? null : JSON.stringify(call.json));
    const init = { method: call.method, headers, body, signal: signal ?? null, cache: 'no-store' } as const;
    let response: Response;
    try {
      response = await fetch(BASE + call.path, init);
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError(
        'The gateway did not respond: check that it runs and try again.',
        0,
        'no_response',
        '',
      );
    }
    if (response.ok) return response;
    throw await errorOf(response);
  }

  /** Sends `call` and returns the JSON of the response. @throws ApiError */
  async json<T>(call: Call, signal?: AbortSignal): Promise<T> {
    const text = await (await this.send(call, signal)).text();
    return (text === '' ? {} : JSON.parse(text)) as T;
  }

  get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.json<T>({ method: 'GET', path }, signal);
  }
}

/** The error in a response: `/v1` returns an object, `/v2` a string. */
async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  const requestId = response.headers.get('x-request-id') ?? '';
  let message = text.slice(0, 500) || `The gateway returned status ${response.status}.`;
  let code = String(response.status);
  try {
    const { error } = JSON.parse(text) as { error?: string | { message?: string; code?: string | null } };
    if (typeof error === 'string') message = error;
    else if (error?.message !== undefined) {
      message = error.message;
      code = error.code ?? code;
    }
  } catch {
    // The body is not JSON: a proxy answered. Its text is the message.
  }
  return new ApiError(message, response.status, code, requestId);
}

/** The path of a model, or of something below it. */
export function modelPath(model: string, below = ''): string {
  return `v1/models/${encodeURIComponent(model)}${below}`;
}
