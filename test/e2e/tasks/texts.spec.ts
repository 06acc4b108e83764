import { writeHubModel } from '../../fixtures/hub-model';
import { KeysFile } from '../../fixtures/keys';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { tearDown } from '../support/tear-down';

/** A key that may use few tokens. */
const file = new KeysFile();
const FEW = file.add('few', { limits: { tokens_per_hour: 20 } });
const KEY = file.add('any', { scopes: ['infer', 'read'] });

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository();
  const { path } = repository;
  writeHubModel(path, 'embedder', { task: 'embedding', maxTokens: 16 });
  writeHubModel(path, 'prompted', {
    task: 'embedding',
    layout: 'versioned',
    file: 'onnx/model.onnx',
    manifest: 'prompts: { query: "good " }\ncache: true\n',
  });
  writeHubModel(path, 'ranker', { task: 'reranking' });
  writeHubModel(path, 'feelings', { task: 'text_classification' });
  writeHubModel(path, 'names', { task: 'token_classification', manifest: 'allowed_batch_sizes: [1, 4]\n' });
  writeHubModel(path, 'sparse', { task: 'sparse_embedding' });
  gateway = await Gateway.start(repository, { NEXUS_KEYS_FILE: file.path, NEXUS_PUBLIC: 'metrics' });
});

afterAll(async () => {
  file.remove();
  await tearDown(gateway, repository);
});

/** Sends a prediction with the key that has no limits. */
async function predict(model: string, body: object, key = KEY): Promise<{ status: number; body: any }> {
  const response = await gateway.fetch(`/v1/models/${model}/predict`, {
    method: 'POST',
    headers: { 'x-api-key': key },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

function length(vector: readonly number[]): number {
  return Math.hypot(...vector);
}

function cosine(one: readonly number[], other: readonly number[]): number {
  return one.reduce((sum, value, index) => sum + value * other[index]!, 0);
}

describe('an embedding model', () => {
  it('embeds a text, several texts and instances', async () => {
    const single = await predict('embedder', { inputs: { text: 'the cat sleeps' } });
    expect(single).toMatchObject({ status: 200, body: { model: 'embedder', version: '1' } });
    const { embedding } = single.body.outputs;
    expect(length(embedding)).toBeCloseTo(1, 5);
    const rows = await predict('embedder', { inputs: { text: ['a dog', 'the cat sleeps'] } });
    expect(rows.body.outputs.embedding[1]).toEqual(embedding);
    const instances = await predict('embedder', { instances: ['the cat sleeps', { text: 'a dog' }] });
    expect(instances.status).toBe(400);
    const bare = await predict('embedder', { instances: ['the cat sleeps', 'a dog'] });
    expect(bare.body.predictions[0].embedding).toEqual(embedding);
  });

  it('gives a text the same vector alone and beside longer ones', async () => {
    const long = 'rain falls on the town and the river runs to the sea';
    const [alone, beside] = await Promise.all([
      predict('embedder', { inputs: { text: ['snow'] } }),
      predict('embedder', { inputs: { text: [long, 'snow', long] } }),
    ]);
    expect(cosine(alone.body.outputs.embedding[0], beside.body.outputs.embedding[1])).toBeCloseTo(1, 6);
    expect(beside.body.outputs.embedding[0]).toEqual(beside.body.outputs.embedding[2]);
  });

  it('returns tokens and the vectors of tokens by request', async () => {
    const { body } = await predict('embedder', {
      inputs: { text: ['cat', 'the cat sleeps'] },
      outputs: ['tokens', 'token_embeddings'],
    });
    expect(body.outputs.tokens).toEqual([3, 6]);
    const [short, long] = body.outputs.token_embeddings;
    expect(short).toHaveLength(6);
    expect(long).toHaveLength(6);
    expect(length(short[2])).toBeGreaterThan(0);
    expect(length(short[3])).toBe(0);
  });

  it('takes its own tensors in place of text', async () => {
    const text = await predict('embedder', { inputs: { text: ['cat'] }, outputs: ['embedding'] });
    const details = await predict('embedder', {
      inputs: { input_ids: [[2, 101, 3]], attention_mask: [[1, 1, 1]], token_type_ids: [[0, 0, 0]] },
    });
    expect(details.status).toBe(200);
    expect(details.body.outputs.embedding[0]).toHaveLength(text.body.outputs.embedding[0].length);
  });

  it('truncates long texts, or rejects them if told to', async () => {
    const text = 'word '.repeat(40);
    const cut = await predict('embedder', { inputs: { text }, outputs: ['tokens'] });
    expect(cut.body.outputs.tokens).toBe(16);
    const refused = await predict('embedder', { inputs: { text }, parameters: { truncate: false } });
    expect(refused).toMatchObject({ status: 400, body: { error: { code: 'invalid_input' } } });
    expect(refused.body.error.message).toMatch(/42 tokens.*16/);
  });

  it('puts a prompt before each text', async () => {
    const [plain, prompted, same] = await Promise.all([
      predict('prompted', { inputs: { text: 'cat' } }),
      predict('prompted', { inputs: { text: 'cat' }, parameters: { prompt_name: 'query' } }),
      predict('prompted', { inputs: { text: 'good cat' } }),
    ]);
    expect(prompted.body.outputs.embedding).toEqual(same.body.outputs.embedding);
    expect(prompted.body.outputs.embedding).not.toEqual(plain.body.outputs.embedding);
    const unknown = await predict('prompted', { inputs: { text: 'cat' }, parameters: { prompt_name: 'x' } });
    expect(unknown).toMatchObject({ status: 400, body: { error: { message: /expected query, got 'x'/ } } });
  });

  it('is asked over V2 and gRPC with strings', async () => {
    const input = { name: 'text', datatype: 'BYTES', shape: [2], data: ['cat', 'dog'] };
    const response = await gateway.fetch('/v2/models/embedder/infer', {
      method: 'POST',
      headers: { 'x-api-key': KEY },
      body: JSON.stringify({ inputs: [input] }),
    });
    const { outputs } = (await response.json()) as any;
    expect(outputs).toMatchObject([{ name: 'embedding', datatype: 'FP32', shape: [2, 32] }]);
    const client = new GrpcClient(gateway.grpc);
    const contents = { bytes_contents: [Buffer.from('cat'), Buffer.from('dog')] };
    const call = await client.call(
      'ModelInfer',
      {
        model_name: 'embedder',
        inputs: [{ name: 'text', datatype: 'BYTES', shape: [2], contents }],
      },
      { 'x-api-key': KEY },
    );
    client.close();
    const raw: Buffer = call.response.raw_output_contents[0];
    const vectors = new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength));
    expect([...vectors].map((value) => value.toFixed(5))).toEqual(
      outputs[0].data.map((value: number) => value.toFixed(5)),
    );
  });
});

describe('models of classes', () => {
  it('score pairs, texts and tokens', async () => {
    const ranked = await predict('ranker', {
      inputs: { text: ['the big cat', 'the big cat'], text_pair: ['a big cat sleeps', 'green apples'] },
    });
    const [[near], [far]] = ranked.body.outputs.scores;
    expect(near).toBeGreaterThan(far);
    expect(near).toBeLessThanOrEqual(1);
    const felt = await predict('feelings', { inputs: { text: 'what a good day' }, top_k: 1 });
    expect(felt.body.classes.scores).toMatchObject([{ label: 'positive' }]);
    const logits = await predict('feelings', { inputs: { text: 'bad' }, outputs: ['logits'] });
    expect(logits.body.outputs.logits).toHaveLength(3);
    const named = await predict('names', { inputs: { text: 'Alice met Bob in New York.' } });
    expect(named.body.outputs.entities).toMatchObject([
      { entity: 'PER', text: 'Alice', start: 0, end: 5 },
      { entity: 'PER', text: 'Bob', start: 10, end: 13 },
      { entity: 'LOC', text: 'New York', start: 17, end: 25 },
    ]);
  });

  it('keep punctuation out of entities', async () => {
    const { body } = await predict('names', { inputs: { text: 'alice,bob left new york-london' } });
    expect(body.outputs.entities).toMatchObject([
      { entity: 'PER', text: 'alice', start: 0, end: 5 },
      { entity: 'PER', text: 'bob', start: 6, end: 9 },
      { entity: 'LOC', text: 'new york' },
      { entity: 'LOC', text: 'london' },
    ]);
  });

  it('weigh the vocabulary', async () => {
    const { body } = await predict('sparse', { inputs: { text: 'cat' } });
    const weights: number[] = body.outputs.embedding;
    expect(weights.filter((weight) => weight > 0).length).toBeLessThan(weights.length);
    expect(Math.max(...weights)).toBeGreaterThan(0);
  });
});

describe('bad texts', () => {
  it.each([
    ['too many', { inputs: { text: Array.from({ length: 2049 }, () => 'a') } }, /at most 2048 texts/],
    ['a lone surrogate', { inputs: { text: '\ud800' } }, /text/],
    ['a number', { inputs: { text: 7 } }, /text/],
    ['a text of many megabytes', { inputs: { text: 'word '.repeat(400_000) } }, /characters/],
    ['an unknown input', { inputs: { texts: 'a' } }, /text/],
  ])('are refused: %s', async (_what, body, message) => {
    const answer = await predict('embedder', body);
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringMatching(message) } },
    });
  });

  it.each(['embedder', 'names'])('are refused: none at all for %s over V2', async (model) => {
    const response = await gateway.fetch(`/v2/models/${model}/infer`, {
      method: 'POST',
      headers: { 'x-api-key': KEY },
      body: JSON.stringify({ inputs: [{ name: 'text', datatype: 'BYTES', shape: [0], data: [] }] }),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: expect.stringMatching(/at least one text/) });
  });

  it('are named by their place in the request', async () => {
    const text = Array.from({ length: 40 }, (_, index) => 'a'.repeat(index === 33 ? 4500 : 4000));
    expect(await predict('embedder', { inputs: { text } })).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringMatching(/^text 33 has 4500 characters/) } },
    });
  });

  it('leave an empty text with its vector', async () => {
    const { status, body } = await predict('embedder', {
      inputs: { text: '' },
      outputs: ['embedding', 'tokens'],
    });
    expect(status).toBe(200);
    expect(body.outputs.tokens).toBe(2);
    expect(body.outputs.embedding).toHaveLength(32);
  });
});

describe('tokens', () => {
  it('count against limits and in usage', async () => {
    const texts = { inputs: { text: ['the cat sleeps'] } };
    const statuses = [];
    for (let request = 0; request < 4; request++)
      statuses.push((await predict('embedder', texts, FEW)).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    const response = await gateway.fetch('/v1/usage', { headers: { 'x-api-key': FEW } });
    expect(response.status).toBe(403);
  });

  it('are not counted for an answer of the cache', async () => {
    const texts = { inputs: { text: ['wonderful'] } };
    const tokens = () => gateway.metric('nexus_usage_tokens_total{tenant=""}');
    await predict('prompted', texts);
    const before = await tokens();
    expect((await predict('prompted', texts)).status).toBe(200);
    expect(await tokens()).toBe(before);
  });
});
