import { once } from 'node:events';
import { connect } from 'node:net';
import OpenAI, { APIError, APIUserAbortError, toFile } from 'openai';
import { affine } from '../../fixtures/models';
import { Gateway, Repository } from '../support/gateway';
import { ScriptedEngine, type Script } from '../support/scripted-engine';
import { tearDown } from '../support/tear-down';

let engine: ScriptedEngine;
let other: ScriptedEngine;
let files: Repository;
let gateway: Gateway;
let client: OpenAI;

beforeAll(async () => {
  engine = await ScriptedEngine.start('one');
  other = await ScriptedEngine.start('two');
  const target = (url: string) => `{ url: "${url}", protocol: openai, model: tiny, api_key: env:ENGINE_KEY }`;
  files = new Repository()
    .add('chat.yaml', `targets: [${target(engine.url)}]\nremote: { retries: 0, heartbeat_ms: 100 }`)
    .add('pair.yaml', `targets: [${target(engine.url)}, ${target(other.url)}]\nremote: { session: prefix }`)
    .add('metered.yaml', `targets: [${target(engine.url)}]\nlimits: { tokens_per_hour: 120 }`)
    .add('safe.yaml', `targets: [${target(engine.url)}]\nremote: { retries: 0 }\nfallback: [backup]`)
    .add('backup.yaml', `targets: [${target(other.url)}]`)
    .add(
      'chain.yaml',
      'targets: [{ url: "http://127.0.0.1:9/v1", protocol: openai }]\nfallback: [nowhere, double, chat, backup]',
    )
    .model('double', affine(2));
  gateway = await Gateway.start(files, {
    ENGINE_KEY: 'key-of-the-engine',
    NEXUS_TRANSFER_TIMEOUT_MS: '1000',
  });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'none', maxRetries: 0 });
});

afterAll(() => tearDown(gateway, engine, other, files));

const MESSAGES = [{ role: 'user' as const, content: 'Hi' }];
/** A chat that asks the engine for `script`. */
const chat = (script: Script = {}, model = 'chat') => ({ model, messages: MESSAGES, script });
const streamed = (script: Script = {}, model = 'chat') => ({ ...chat(script, model), stream: true as const });
const failureOf = (work: PromiseLike<unknown>): Promise<APIError> =>
  Promise.resolve(work).then(
    () => Promise.reject(new Error('it succeeded')),
    (error: APIError) => error,
  );
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  gateway.fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

async function textOf(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<string> {
  let text = '';
  for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
  return text;
}

describe('the SDK of OpenAI', () => {
  it('completes a chat', async () => {
    const { data, response } = await client.chat.completions.create(chat()).withResponse();
    expect(data.choices[0]!.message.content).toBe('Hello');
    expect(data.usage).toEqual({ prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 });
    expect(response.headers.get('x-nexus-target')).toBe(new URL(engine.url).host);
    expect(response.headers.get('openai-processing-ms')).toBe('1');
    expect(response.headers.get('x-ratelimit-limit-requests')).not.toBe('7');
    expect(engine.last.headers).toMatchObject({
      authorization: 'Bearer key-of-the-engine',
      'x-request-id': response.headers.get('x-request-id'),
    });
  });

  it('streams a chat, with usage', async () => {
    const stream = await client.chat.completions.create({
      ...streamed(),
      stream_options: { include_usage: true },
    });
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content).join('')).toBe('Hello 1 2');
    expect(chunks.at(-1)!.usage).toMatchObject({ total_tokens: 13 });
  });

  it('calls tools, and asks for JSON', async () => {
    const tool = { type: 'function' as const, function: { name: 'weather', parameters: {} } };
    const called = await client.chat.completions.create({ ...chat(), tools: [tool] });
    expect(called.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ function: { name: 'weather', arguments: '{"city":"Bern"}' } }] },
    });
    const json = await client.chat.completions.create({
      ...chat(),
      response_format: { type: 'json_object' },
    });
    expect(JSON.parse(json.choices[0]!.message.content!)).toEqual({ answer: 42 });
  });

  it('creates responses, streamed and whole', async () => {
    const whole = await client.responses.create({ model: 'chat', input: 'Hi' });
    expect(whole.output_text).toBe('Hello');
    const stream = await client.responses.create({ model: 'chat', input: 'Hi', stream: true });
    const types: string[] = [];
    for await (const { type } of stream) types.push(type);
    expect([types[0], types[1], types.at(-1)]).toEqual([
      'response.created',
      'response.output_text.delta',
      'response.completed',
    ]);
  });

  it('completes prompts, embeds texts and transcribes audio', async () => {
    const { choices } = await client.completions.create({ model: 'chat', prompt: 'Hi' });
    expect(choices[0]!.text).toBe('Hello');
    const { data } = await client.embeddings.create({ model: 'chat', input: ['a', 'b'] });
    expect(data.map(({ embedding }) => embedding)).toEqual([
      [1, 2],
      [1, 2],
    ]);
    const audio = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 256));
    const file = await toFile(audio, 'a.wav');
    expect((await client.audio.transcriptions.create({ model: 'chat', file })).text).toBe('Hello, world');
    const { body, headers } = engine.last;
    expect(headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(body.includes(audio)).toBe(true);
    expect(body.toString('latin1')).toMatch(/name="model"\r\n\r\ntiny\r\n/);
  });

  it('lists the models', async () => {
    const { data } = await client.models.list();
    expect(data).toContainEqual(expect.objectContaining({ id: 'chat', object: 'model', owned_by: 'nexus' }));
    expect(data).toContainEqual(expect.objectContaining({ id: 'double', owned_by: 'nexus' }));
  });
});

it('every byte but the name of the model reaches the engine', async () => {
  const body =
    ' {"unknown": [1.50, "\\u00e9"],\n"mod\\u0065l" : "chat" , "messages":[], "x":{"model":"chat"}} ';
  expect((await post('/v1/chat/completions', body)).status).toBe(200);
  expect(engine.last.body.toString()).toBe(body.replace('"chat" ,', '"tiny" ,'));
});

describe('an error', () => {
  const error = {
    message: 'max_tokens is too large',
    type: 'BadRequestError',
    param: 'max_tokens',
    code: 'x',
  };

  it.each([400, 413, 422, 404])(
    'of the engine about the request, with status %d, reaches the client',
    async (status) => {
      const failure = await failureOf(client.chat.completions.create(chat({ status, body: { error } })));
      expect(failure).toMatchObject({ status, error, param: 'max_tokens', code: 'x' });
    },
  );

  it.each([
    ['fails', { status: 500 }, 502, { type: 'bad_gateway', code: 'target_failed' }],
    ['is full', { status: 429, headers: { 'retry-after': '7' } }, 429, { code: 'targets_overloaded' }],
  ])('of an engine that %s has the form of OpenAI', async (_what, script, status, expected) => {
    const failure = await failureOf(client.chat.completions.create(chat(script, 'chat')));
    expect(failure).toMatchObject({ status, ...expected });
    if (status === 429) expect(failure.headers?.get('retry-after')).toBe('7');
    // The engine has failed once, which does not eject it.
    await client.chat.completions.create(chat());
  });

  it.each([
    ['an unknown model', { model: 'nowhere', messages: [] }, 404, 'model_not_found'],
    ['a model with tensors', { model: 'double', messages: [] }, 404, 'not_openai_model'],
    ['no model', { messages: [] }, 400, 'invalid_input'],
    ['a body that is no JSON', '{"model":"chat"', 400, 'invalid_input'],
    ['two models', '{"model":"chat","model":"chat"}', 400, 'invalid_input'],
  ])('of a request with %s says what is wrong', async (_what, body, status, code) => {
    const answer = await post('/v1/chat/completions', body);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { code } });
  });

  it('of tensors for a model without them says where to go', async () => {
    const answer = await post('/v2/models/chat/infer', { inputs: [] });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      error: expect.stringContaining('/v1/chat/completions') as string,
    });
  });

  it('in mid-stream is one that the SDK throws', async () => {
    const stream = await client.chat.completions.create(streamed({ breakOff: 'event' }));
    const failure = await failureOf(textOf(stream));
    expect(failure).toBeInstanceOf(APIError);
    expect(failure).toMatchObject({ type: 'bad_gateway', code: 'target_failed', param: null });
  });

  it('in the middle of an event ends the connection', async () => {
    const stream = await client.chat.completions.create(streamed({ breakOff: 'middle' }));
    await expect(textOf(stream)).rejects.toThrow(/terminated|closed|aborted/i);
  });
});

describe('a client that leaves', () => {
  it('ends the request before the engine has answered', async () => {
    const controller = new AbortController();
    const arrived = engine.next();
    const failure = failureOf(
      client.chat.completions.create(chat({ hang: 'head' }), { signal: controller.signal }),
    );
    const { left } = await arrived;
    controller.abort();
    await left;
    expect(await failure).toBeInstanceOf(APIUserAbortError);
  });

  it('ends a stream, and gets a heartbeat until then', async () => {
    const controller = new AbortController();
    const answer = await gateway.fetch('/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify(streamed({ hang: 'stream' })),
      signal: controller.signal,
    });
    const { left } = engine.last;
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body!) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      if (text.endsWith('\n\n: heartbeat\n\n: heartbeat\n\n')) break;
    }
    expect(text).toMatch(/^data: .*"Hello".*\n\n: heartbeat/);
    controller.abort();
    await left;
  });

  it('or does not read makes neither the gateway nor the engine fill their memory', async () => {
    const { hostname, port } = new URL(gateway.url);
    const arrived = engine.next();
    const socket = connect(Number(port), hostname);
    const body = JSON.stringify(streamed({ floods: true }));
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    socket.on('error', () => undefined);
    const request = await arrived;
    // The gateway disconnects a client that does not read.
    await request.left;
    expect(request.written).toBeGreaterThan(100_000);
    expect(request.written).toBeLessThan(32 * 1024 * 1024);
    socket.destroy();
    await once(socket, 'close');
  });
});

describe('the time that a client allows', () => {
  const headers = { 'x-request-timeout': '300' };

  it('ends a request that the engine does not answer', async () => {
    const arrived = engine.next();
    const failure = failureOf(client.chat.completions.create(chat({ hang: 'head' }), { headers }));
    await (
      await arrived
    ).left;
    expect(await failure).toMatchObject({ status: 504, code: 'deadline_exceeded' });
  });

  it('does not end a stream that has begun', async () => {
    const stream = await client.chat.completions.create(streamed({ paceMs: 250 }), { headers });
    expect(await textOf(stream)).toBe('Hello 1 2');
  });
});

it('no request is in flight any more, however it ended', async () => {
  await expect(gateway.reached('nexus_requests_in_flight', 0)).resolves.toBeUndefined();
});

it('limits of tokens count what was used, not what was reserved', async () => {
  const ask = (max_tokens: number) => client.chat.completions.create({ ...chat({}, 'metered'), max_tokens });
  // Each reserves 102 tokens and uses 13.
  for (let index = 0; index < 2; index++) await ask(100);
  expect(await failureOf(ask(100))).toMatchObject({ status: 429, code: 'rate_limited' });
  expect(await failureOf(ask(500))).toMatchObject({ status: 413, code: 'above_quota' });
  const stream = await client.chat.completions.create({ ...streamed({}, 'metered'), max_tokens: 90 });
  expect(await textOf(stream)).toBe('Hello 1 2');
  // Without usage, a stream has the two estimated tokens of its prompt, and three pieces.
  const { headers } = await client.chat.completions
    .create({ ...chat({}, 'metered'), max_tokens: 1 })
    .asResponse();
  expect(headers.get('ratelimit')).toContain(`"model_tokens_per_hour";r=${120 - 13 - 13 - 5 - 3};`);
});

it('conversations that begin alike, and sessions, go to one engine', async () => {
  const answered = async (content: string, session?: string) => {
    const messages = [
      { role: 'system' as const, content },
      { role: 'user' as const, content: String(Math.random()) },
    ];
    const headers = session === undefined ? {} : { 'x-session-id': session };
    return (await client.chat.completions.create({ model: 'pair', messages }, { headers }))
      .system_fingerprint;
  };
  const all = async (count: number, ask: (index: number) => Promise<string | undefined>) =>
    new Set(await Promise.all(Array.from({ length: count }, (_, index) => ask(index))));
  for (const prompt of ['You are a cat', 'You are a dog']) {
    const seen = new Set<string | undefined>();
    for (let index = 0; index < 6; index++) seen.add(await answered(prompt));
    expect(seen.size).toBe(1);
  }
  expect((await all(24, (index) => answered(`Prompt ${index}`))).size).toBe(2);
  const seen = new Set<string | undefined>();
  for (let index = 0; index < 6; index++) seen.add(await answered(`Prompt ${index}`, 'one'));
  expect(seen.size).toBe(1);
});

it('another model answers if the engines of a model fail', async () => {
  const { choices, system_fingerprint } = await client.chat.completions.create(chat({}, 'safe'));
  expect([choices[0]!.message.content, system_fingerprint]).toEqual(['Hello', 'one']);
  const failing = await failureOf(client.chat.completions.create(chat({ status: 500 }, 'safe')));
  expect(failing).toMatchObject({ status: 502 });
  expect(other.last.body.toString()).toContain('"status":500');
});

it('each fallback of a model that is not ready is tried, apart from models of tensors', async () => {
  const script = { status: 500, body: { of: 'chain' } };
  const failing = await failureOf(client.chat.completions.create(chat(script, 'chain')));
  expect(failing).toMatchObject({ status: 502 });
  expect([engine, other].map(({ last }) => last.body.includes('"chain"'))).toEqual([true, true]);
  const { system_fingerprint } = await client.chat.completions.create(chat({}, 'chain'));
  expect(system_fingerprint).toBe('one');
});

it('metrics and the log count tokens', async () => {
  const { headers } = await client.chat.completions
    .create({ ...streamed(), stream_options: { include_usage: true } })
    .asResponse();
  const line = await gateway.logged(({ requestId }) => requestId === headers.get('x-request-id'));
  expect(line).toMatchObject({ model: 'chat', outcome: 'success', tokensIn: 9, tokensOut: 4 });
  const text = await (await gateway.fetch('/metrics')).text();
  const valueOf = (name: string) =>
    Number(new RegExp(`^${name}\\{model="chat",version="[^"]+"\\} (\\S+)$`, 'm').exec(text)?.[1]);
  expect(valueOf('nexus_tokens_in_total')).toBeGreaterThan(9);
  expect(valueOf('nexus_tokens_out_total')).toBeGreaterThan(4);
  expect(valueOf('nexus_time_to_first_token_seconds_count')).toBeGreaterThan(1);
  expect(valueOf('nexus_tokens_per_second_count')).toBeGreaterThan(1);
});
