import { once } from 'node:events';
import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Refused } from './client.ts';

/** What came back for a request. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
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
  private readonly agent = new Agent({ keepAlive: true });

  constructor(url: string) {
    this.base = new URL(url);
  }

  /** Resolves with the answer, whatever its status. */
  async send(
    path: string,
    { method = 'GET', headers = {}, body = '' }: HttpMessage = {},
  ): Promise<HttpAnswer> {
    const { hostname, port, pathname } = this.base;
    const fullPath = pathname.replace(/\/$/, '') + path;
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const outgoing = request({ hostname, port, path: fullPath, method, headers, agent: this.agent, signal });
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
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
