import { answerOf, type Answer } from './answer.ts';
import { NexusError } from './nexus-error.ts';
import { pause, retryDelay } from './retry.ts';

/** Where the server is, and how to talk to it. */
export interface NexusOptions {
  /** Such as `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Is sent as `Authorization: Bearer`. */
  readonly apiKey?: string | undefined;
  /** Are sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sends the requests; the global one by default. */
  readonly fetch?: typeof fetch | undefined;
  /** How often a request is sent again after 429, 503 and connection failures; 3 by default. */
  readonly retries?: number | undefined;
}

/** Options of one call. */
export interface CallOptions {
  /** Ends the call, which rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
  /** How long the answer is of use, with all attempts; the gateway drops work that cannot start by then. */
  readonly timeoutMs?: number | undefined;
  /** Names the request in the log of the gateway, which otherwise makes an id. */
  readonly requestId?: string | undefined;
}

/** What is sent. */
export interface Message {
  readonly method?: 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

/** Sends requests, again where that may help. */
export class Http {
  private readonly url: string;
  private readonly headers: Headers;
  private readonly fetch: typeof fetch;
  private readonly retries: number;

  constructor({ url, apiKey, headers = {}, retries = 3, ...options }: NexusOptions) {
    this.url = new URL(url).href.replace(/\/+$/, '');
    this.headers = new Headers(headers);
    if (apiKey !== undefined) this.headers.set('authorization', `Bearer ${apiKey}`);
    this.fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.retries = retries;
  }

  /**
   * The answer to `message`, once it is a success; asks again where that may help.
   * @throws NexusError when it is refused or not answered, and the reason of the signal when that is aborted.
   */
  async send(path: string, message: Message, options: CallOptions, retries = this.retries): Promise<Answer> {
    const endsAt = performance.now() + (options.timeoutMs ?? Infinity);
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.sendOnce(path, message, options, endsAt);
      } catch (error) {
        const waitMs = attempt < retries ? retryDelay(error, attempt) : undefined;
        if (waitMs === undefined || performance.now() + waitMs >= endsAt) throw error;
        await pause(waitMs, options.signal);
      }
    }
  }

  private async sendOnce(
    path: string,
    { headers: own = {}, ...message }: Message,
    { signal, timeoutMs, requestId }: CallOptions,
    endsAt: number,
  ): Promise<Answer> {
    const headers = new Headers(this.headers);
    for (const [name, value] of Object.entries(own)) headers.set(name, value);
    if (requestId !== undefined) headers.set('x-request-id', requestId);
    const signals = signal === undefined ? [] : [signal];
    if (timeoutMs !== undefined) {
      const leftMs = Math.max(1, Math.ceil(endsAt - performance.now()));
      headers.set('x-request-timeout', String(leftMs));
      signals.push(AbortSignal.timeout(leftMs));
    }
    const ended = AbortSignal.any(signals);
    try {
      const response = await this.fetch(this.url + path, { ...message, headers, signal: ended });
      return await answerOf(response, requestId);
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof NexusError) throw cause;
      const facts = { requestId, cause };
      if (ended.aborted) throw new NexusError(`no answer in ${timeoutMs} ms`, { code: 'timeout', ...facts });
      const text = `cannot reach ${this.url}: ${reasonOf(cause)}`;
      throw new NexusError(text, { code: 'connection_failed', ...facts });
    }
  }
}

/** Node tells only in the cause of its error why there is no connection. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: Error };
  return cause?.message || message;
}
