import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

/** What a request asks the engine to do, in its member `script`, which gateways pass on like any other. */
export interface Script {
  /** Answers with this status and body. */
  readonly status?: number;
  /** Answers like that only the first requests with this body, this many. */
  readonly times?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** What a stream consists of. The names of events are their `type`. */
  readonly events?: readonly { readonly type?: string }[];
  /** Number of pieces of text; 3 if absent. */
  readonly pieces?: number;
  /** Leaves out the usage. */
  readonly withoutUsage?: boolean;
  /** Before the head: never answers. After it: sends one piece, and nothing more. */
  readonly hang?: 'head' | 'stream';
  /** Sends each piece of a stream after this many milliseconds. */
  readonly paceMs?: number;
  /** Breaks the connection after one piece, or within the second. */
  readonly breakOff?: 'event' | 'middle';
  /** Sends pieces of 16 KiB without end, as fast as they are taken. */
  readonly floods?: boolean;
}

/** A request that the engine got. */
export interface EngineRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** Resolves when the connection has closed before the engine had answered. */
  readonly left: Promise<void>;
  /** Bytes of the response that were written. */
  written: number;
}

interface Body {
  readonly model?: string;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
  readonly response_format?: { readonly type: string };
  readonly input?: unknown;
  readonly script?: Script;
}

const USAGE = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 };
const RESPONSE_USAGE = { input_tokens: 9, output_tokens: 4, total_tokens: 13 };

/** An engine that speaks the OpenAI API and does what each request asks for. Its model is called `tiny`. */
export class ScriptedEngine {
  readonly requests: EngineRequest[] = [];
  private readonly events = new EventEmitter();
  private readonly server: Server;
  readonly name: string;

  private constructor(server: Server, name: string) {
    this.server = server;
    this.name = name;
  }

  /** Starts one on a free port. */
  static async start(name = 'engine'): Promise<ScriptedEngine> {
    const server = createServer();
    const engine = new ScriptedEngine(server, name);
    server.on('request', (request, response) => void engine.serve(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return engine;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  /** The last request. */
  get last(): EngineRequest {
    return this.requests.at(-1)!;
  }

  /** The next request that arrives. */
  async next(): Promise<EngineRequest> {
    const [request] = (await once(this.events, 'request')) as [EngineRequest];
    return request;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!;
    if (path === '/v1/models')
      return json(response, { object: 'list', data: [{ id: 'tiny', object: 'model' }] });
    const body = await buffer(request);
    const left = new Promise<void>((resolve) => {
      response.on('close', () => !response.writableFinished && resolve());
    });
    const entry = { path, headers: request.headers, body, left, written: 0 };
    this.requests.push(entry);
    this.events.emit('request', entry);
    if (path === '/v1/audio/transcriptions') return json(response, { text: 'Hello, world', name: this.name });
    const asked = JSON.parse(body.toString()) as Body;
    const { script = {} } = asked;
    if (script.hang === 'head') return;
    const { status, times = Infinity } = script;
    const isScripted = this.requests.filter((other) => other.body.equals(body)).length <= times;
    if (status !== undefined && isScripted) return json(response, script.body ?? {}, status, script.headers);
    if (asked.stream === true) return this.stream(response, path, asked, entry);
    json(response, this.answer(path, asked));
  }

  private async stream(
    response: ServerResponse,
    path: string,
    asked: Body,
    entry: EngineRequest,
  ): Promise<void> {
    const { script = {} } = asked;
    const { hang, breakOff, floods, pieces = 3 } = script;
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    const write = (text: string) => {
      entry.written += text.length;
      return response.write(text);
    };
    if (script.events !== undefined) {
      for (const one of script.events) write(one.type === undefined ? data(one) : typed(one.type, one));
      if (path !== '/v1/responses') write('data: [DONE]\n\n');
      response.end();
      return;
    }
    const event = path === '/v1/responses' ? deltaEvent : chatEvent;
    if (path === '/v1/responses') write(named('response.created', { response: { id: 'resp_1' } }));
    write(event('Hello'));
    if (hang !== undefined) return;
    if (breakOff !== undefined) {
      response.write(breakOff === 'middle' ? 'data: {"choices":[{"del' : '', () => response.destroy());
      return;
    }
    if (floods === true)
      while (!response.destroyed)
        if (!write(event('x'.repeat(16_384)))) await Promise.race([once(response, 'drain'), entry.left]);
    for (let piece = 1; piece < pieces; piece++) {
      if (script.paceMs !== undefined) await delay(script.paceMs);
      write(event(` ${piece}`));
    }
    if (path === '/v1/responses')
      write(
        named('response.completed', {
          response: { id: 'resp_1', status: 'completed', usage: RESPONSE_USAGE },
        }),
      );
    else {
      if (asked.stream_options?.include_usage === true && script.withoutUsage !== true)
        write(data({ id: 'chatcmpl-1', object: 'chat.completion.chunk', choices: [], usage: USAGE }));
      write('data: [DONE]\n\n');
    }
    response.end();
  }

  private answer(path: string, { model, tools, response_format: format, input, script }: Body): object {
    const usage = script?.withoutUsage === true ? {} : { usage: USAGE };
    if (path === '/v1/embeddings') {
      const inputs = Array.isArray(input) ? input : [input];
      return {
        object: 'list',
        model,
        data: inputs.map((_, index) => ({ object: 'embedding', index, embedding: 'AACAPwAAAEA=' })),
        usage: { prompt_tokens: 9, total_tokens: 9 },
      };
    }
    if (path === '/v1/responses')
      return {
        id: 'resp_1',
        object: 'response',
        status: 'completed',
        model,
        output: [
          {
            type: 'message',
            role: 'assistant',
            content: [{ type: 'output_text', text: 'Hello', annotations: [] }],
          },
        ],
        usage: RESPONSE_USAGE,
      };
    if (path === '/v1/completions')
      return {
        id: 'cmpl-1',
        object: 'text_completion',
        model,
        choices: [{ index: 0, text: 'Hello', finish_reason: 'stop' }],
        ...usage,
      };
    const call = tools?.[0] && {
      content: null,
      tool_calls: [
        {
          id: 'call_1',
          type: 'function',
          function: { name: tools[0].function.name, arguments: '{"city":"Bern"}' },
        },
      ],
    };
    const content = format?.type === 'json_object' ? '{"answer":42}' : 'Hello';
    const message = { role: 'assistant', ...(call ?? { content }) };
    return {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      model,
      system_fingerprint: this.name,
      choices: [{ index: 0, message, finish_reason: call === undefined ? 'stop' : 'tool_calls' }],
      ...usage,
    };
  }
}

function json(response: ServerResponse, body: unknown, status = 200, headers = {}): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-ratelimit-limit-requests': '7',
    'openai-processing-ms': '1',
    ...headers,
  });
  response.end(JSON.stringify(body));
}

function data(event: object): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}

function typed(type: string, event: object): string {
  return `event: ${type}\n${data(event)}`;
}

function named(type: string, members: object): string {
  return typed(type, { type, sequence_number: 0, ...members });
}

function chatEvent(content: string): string {
  const choices = [{ index: 0, delta: { content }, finish_reason: null }];
  return data({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'tiny', choices });
}

function deltaEvent(delta: string): string {
  return named('response.output_text.delta', { item_id: 'm', output_index: 0, content_index: 0, delta });
}
