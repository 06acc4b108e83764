import { KeysFile } from '../../fixtures/keys';
import { writeHubModel } from '../../fixtures/hub-model';
import { idOf } from '../../fixtures/hub-words';
import { Gateway, Repository } from '../support/gateway';
import type { Message } from '../support/http';
import { tearDown } from '../support/tear-down';

const file = new KeysFile();
const keys = {
  all: file.add('all', { scopes: ['infer', 'read', 'admin'] }),
  some: file.add('some', { models: ['sentences'] }),
  few: file.add('few', { limits: { requests_per_day: 1 } }),
  reader: file.add('reader', { scopes: ['read'] }),
};
let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository();
  writeHubModel(repository.path, 'sentences', { task: 'embedding', manifest: 'dimensions: [4]\n' });
  writeHubModel(repository.path, 'ids', { task: 'embedding', manifest: 'token_ids: true\n' });
  writeHubModel(repository.path, 'ranker', { task: 'reranking' });
  gateway = await Gateway.start(repository, {
    NEXUS_KEYS_FILE: file.path,
    NEXUS_MODEL_CONTROL_MODE: 'explicit',
    NEXUS_LOAD_MODELS: '*',
    NEXUS_BODY_LIMIT: '1MiB',
  });
});

afterAll(async () => {
  file.remove();
  await tearDown(gateway, repository);
});

const post = (path: string, body: unknown, { headers, ...more }: Message = {}) =>
  gateway.send(path, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.all}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...more,
  });
const embed = (body: object, more?: Message) => post('/v1/embeddings', { model: 'sentences', ...body }, more);

const TEXTS = ['the cat sleeps', 'a good dog', ''];

/** The embeddings that `predict` returns. */
async function predicted(texts: readonly string[], model = 'sentences'): Promise<number[][]> {
  const answer = await post(`/v1/models/${model}/predict`, { inputs: { text: texts } });
  return answer.json().outputs.embedding;
}

function floatsOf(base64: string): number[] {
  const bytes = Buffer.from(base64, 'base64');
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(4 * index));
}

it('returns the embeddings of the model, as floats and as base64', async () => {
  const expected = await predicted(TEXTS);
  const floats = await embed({ input: TEXTS, encoding_format: 'float', user: 'me', unknown: true });
  expect(floats.status).toBe(200);
  expect(floats.json()).toEqual({
    object: 'list',
    data: expected.map((embedding, index) => ({ object: 'embedding', index, embedding })),
    model: 'sentences',
    // [CLS] and [SEP] are counted.
    usage: { prompt_tokens: 13, total_tokens: 13 },
  });
  const base64 = (await embed({ input: TEXTS, encoding_format: 'base64' })).json();
  const read = base64.data.map(({ embedding }: { embedding: string }) => floatsOf(embedding));
  expect(read).toEqual(expected.map((vector) => vector.map(Math.fround)));
});

it('cuts embeddings to sizes that model.yaml allows', async () => {
  const [[...full]] = (await predicted(['the cat'])) as [number[]];
  const { data } = (await embed({ input: 'the cat', dimensions: 4 })).json();
  const cut = full.slice(0, 4);
  const length = Math.hypot(...cut);
  for (const [index, value] of cut.entries()) expect(data[0].embedding[index]).toBeCloseTo(value / length, 6);
  const refused = await embed({ input: 'the cat', dimensions: 8 });
  expect(refused.status).toBe(400);
  expect(refused.json().error).toMatchObject({ param: 'dimensions', code: 'invalid_input' });
});

it('embeds 2048 texts in order', async () => {
  const input = Array.from({ length: 2048 }, (_, index) => TEXTS[index % 2]! + ' and so on'.repeat(12));
  const { data, usage } = (await embed({ input, encoding_format: 'base64' })).json();
  expect(data).toHaveLength(2048);
  const found = new Set(
    data.map((item: any, at: number) => `${at % 2} ${item.index === at} ${item.embedding}`),
  );
  expect(found.size).toBe(2);
  expect(usage.total_tokens).toBeGreaterThan(2048 * 36);
});

it('decodes token ids only for models that allow them', async () => {
  const input = [[idOf('cat'), idOf('dog')], [idOf('good')]];
  const { data } = (await embed({ model: 'ids', input })).json();
  expect(data.map((item: any) => item.embedding)).toEqual(await predicted(['cat dog', 'good'], 'ids'));
  const refused = await embed({ input });
  expect(refused.status).toBe(400);
  expect(refused.json().error.message).toContain('check_embedding_ctx_length=False');
  expect((await embed({ model: 'ids', input: [1e15] })).status).toBe(400);
});

it('finds a version by its number or alias', async () => {
  await gateway.send('/v1/models/sentences/aliases/stable', {
    method: 'PUT',
    headers: { authorization: `Bearer ${keys.all}` },
    body: JSON.stringify({ version: '1' }),
  });
  for (const model of ['sentences:1', 'sentences:stable']) {
    const answer = await embed({ model, input: 'cat' });
    expect([answer.status, answer.json().model]).toEqual([200, model]);
  }
  const unknown = await embed({ model: 'sentences:none', input: 'cat' });
  expect([unknown.status, unknown.json().error.code]).toEqual([404, 'version_not_found']);
});

it('uses the model of the header x-model, or the only one that the client sees', async () => {
  const several = await embed({ model: null, input: 'cat' });
  expect(several.status).toBe(400);
  expect(several.json().error.message).toContain('"ids", "sentences"');
  const named = await embed({ model: null, input: 'cat' }, { headers: { 'x-model': 'ids' } });
  expect(named.json().model).toBe('ids');
  const only = await embed(
    { model: null, input: 'cat' },
    { headers: { authorization: `Bearer ${keys.some}` } },
  );
  expect(only.json().model).toBe('sentences');
});

it('a retry with the same key gets the stored response, unless it is for another model', async () => {
  const headers = { 'idempotency-key': 'once' };
  const first = await embed({ model: null, input: 'cat' }, { headers: { ...headers, 'x-model': 'ids' } });
  const again = await embed({ model: null, input: 'cat' }, { headers: { ...headers, 'x-model': 'ids' } });
  expect(again.headers['idempotency-replayed']).toBe('true');
  expect(again.body).toEqual(first.body);
  const other = await embed(
    { model: null, input: 'cat' },
    { headers: { ...headers, 'x-model': 'sentences' } },
  );
  expect(other.status).toBe(422);
});

it('writes the model, its rows and the failure to the log', async () => {
  const { headers } = await embed({ input: ['cat', 'dog'] });
  const id = headers['x-request-id'];
  const line = await gateway.logged(({ requestId }) => requestId === id);
  expect(line).toMatchObject({ route: '/v1/embeddings', model: 'sentences', rows: 2, outcome: 'success' });
  const failed = await embed({ model: 'ranker', input: 'cat' });
  const failure = await gateway.logged(({ requestId }) => requestId === failed.headers['x-request-id']);
  expect(failure).toMatchObject({ model: 'ranker', code: 'invalid_input' });
});

describe('errors have the form that the clients of OpenAI read', () => {
  const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });

  it.each<[string, () => ReturnType<typeof post>, number, string]>([
    ['a wrong key', () => embed({ input: 'x' }, bearer('nxs_wrong')), 401, 'unauthenticated'],
    ['another scope', () => embed({ input: 'x' }, bearer(keys.reader)), 403, 'forbidden'],
    ['an unknown model', () => embed({ model: 'none', input: 'x' }), 404, 'model_not_found'],
    ['a hidden model', () => embed({ model: 'ids', input: 'x' }, bearer(keys.some)), 404, 'model_not_found'],
    [
      'a hidden model and version',
      () => embed({ model: 'ids:1', input: 'x' }, bearer(keys.some)),
      404,
      'model_not_found',
    ],
    ['no texts', () => embed({ input: [] }), 400, 'empty_input'],
    ['no input', () => embed({}), 400, 'invalid_input'],
    [
      'a lone surrogate',
      () => post('/v1/embeddings', '{"model":"sentences","input":"\\ud800"}'),
      400,
      'invalid_input',
    ],
    ['no JSON', () => post('/v1/embeddings', '{'), 400, 'invalid_input'],
    [
      'invalid UTF-8',
      () => post('/v1/embeddings', '', { body: Buffer.from('{"input":"\xff"}', 'latin1') }),
      400,
      'invalid_input',
    ],
    ['a model for another task', () => embed({ model: 'ranker', input: 'x' }), 400, 'invalid_input'],
    [
      'too many texts',
      () => embed({ input: Array.from({ length: 100_000 }, () => '') }),
      400,
      'invalid_input',
    ],
    ['a body that is too large', () => embed({ input: 'x'.repeat(2 ** 20) }), 413, 'body_too_large'],
    [
      'a picture',
      () => embed({}, { headers: { 'content-type': 'image/png' } }),
      415,
      'unsupported_media_type',
    ],
  ])('%s', async (_what, ask, status, code) => {
    const answer = await ask();
    expect(answer.status).toBe(status);
    expect(answer.json()).toEqual({
      error: {
        message: expect.stringMatching(/./),
        type: expect.any(String),
        code,
        param: answer.json().error.param,
      },
    });
  });

  it('a limit that is reached', async () => {
    expect((await embed({ input: 'x' }, bearer(keys.few))).status).toBe(200);
    const answer = await embed({ input: 'x' }, bearer(keys.few));
    expect([answer.status, answer.json().error.code]).toEqual([429, 'rate_limited']);
    expect(answer.headers['retry-after']).toMatch(/^\d+$/);
  });
});
