import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { Refused } from './client.ts';

/** What came back for a request. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A request as it goes over the wire; a body in pieces goes chunked. */
export interface HttpMessage {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string | readonly (Buffer | string)[];
}

/** The longest a case waits for an answer. */
export const TIMEOUT_MS = 30_000;

const CLIENT_ERROR = '4xx with {"error": "..."}';

/** Requests to one server exactly as given: no header is added but those HTTP itself needs. */
export class Rest {
  private readonly base: URL;
  private readonly scheme: typeof http | typeof https;
  private readonly agent: http.Agent;

  /** `url` may be of http or https; Node's NODE_EXTRA_CA_CERTS tells whom to trust besides the usual authorities. */
  constructor(url: string) {
    this.base = new URL(url);
    this.scheme = this.base.protocol === 'https:' ? https : http;
    this.agent = new this.scheme.Agent({ keepAlive: true });
  }

  /** Resolves with the answer, whatever its status. */
  async send(
    path: string,
    { method = 'GET', headers = {}, body = '' }: HttpMessage = {},
  ): Promise<HttpAnswer> {
    const outgoing = this.scheme.request({
      ...urlToHttpOptions(this.base),
      path: this.base.pathname.replace(/\/$/, '') + path,
      method,
      headers,
      agent: this.agent,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answered = once(outgoing, 'response') as Promise<[http.IncomingMessage]>;
    // The first error rejects; what a broken connection says after it, or after the answer, must not end the run.
    outgoing.on('error', () => {});
    if (Array.isArray(body)) for (const piece of body) outgoing.write(piece);
    outgoing.end(Array.isArray(body) || body.length === 0 ? undefined : body);
    const [incoming] = await answered;
    const content = Buffer.concat(await incoming.toArray());
    return { status: incoming.statusCode!, headers: incoming.headers, body: content };
  }

  /** Sends and resolves with an answer of status 200; any other rejects with {@link Refused}. */
  async ask(path: string, message?: HttpMessage): Promise<HttpAnswer> {
    const answer = await this.send(path, message);
    if (answer.status !== 200) throw refusal(answer);
    return answer;
  }

  /** Posts an inference request to a model. */
  infer(model: string, message: HttpMessage): Promise<HttpAnswer> {
    return this.ask(`/v2/models/${model}/infer`, { method: 'POST', ...message });
  }

  /** Closes the connections that are kept. */
  close(): void {
    this.agent.destroy();
  }
}

function refusal({ status, body }: HttpAnswer): Refused {
  const text = body.toString();
  const blamesClient = status >= 400 && status < 500 && hasErrorText(text);
  return new Refused(status, text || 'no body', blamesClient, CLIENT_ERROR);
}

function hasErrorText(text: string): boolean {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' && error !== '';
  } catch {
    return false;
  }
}
