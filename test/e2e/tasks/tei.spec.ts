import { LABELS, writeHubModel } from '../../fixtures/hub-model';
import { idOf } from '../../fixtures/hub-words';
import { affine } from '../../fixtures/models';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository().model('affine', affine());
  writeHubModel(repository.path, 'sentences', {
    task: 'embedding',
    manifest: 'prompts: { query: "question " }\ndimensions: [4]\n',
  });
  writeHubModel(repository.path, 'sparse', { task: 'sparse_embedding' });
  writeHubModel(repository.path, 'sentiment', { task: 'text_classification' });
  writeHubModel(repository.path, 'pairs', { task: 'pair_classification' });
  gateway = await Gateway.start(repository);
});

afterAll(() => tearDown(gateway, repository));

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  gateway.send(path, { method: 'POST', headers, body: JSON.stringify(body) });
const answer = async (path: string, body: unknown) => (await post(path, body)).json();
const outputs = async (model: string, text: readonly string[], names: readonly string[]) =>
  (await answer(`/v1/models/${model}/predict`, { inputs: { text }, outputs: names })).outputs;

it('/embed needs no model while there is only one', async () => {
  const { embedding } = await outputs('sentences', ['the cat', 'a dog'], ['embedding']);
  expect(await answer('/embed', { inputs: ['the cat', 'a dog'] })).toEqual(embedding);
  expect(await answer('/embed', { inputs: 'the cat', normalize: null })).toEqual([embedding[0]]);
  expect(await answer('/embed', { inputs: 'cat', prompt_name: 'query' })).toEqual(
    await answer('/embed', { inputs: 'question cat' }),
  );
  expect((await answer('/embed', { inputs: 'cat', dimensions: 4 }))[0]).toHaveLength(4);
});

it('/embed_all and /embed_sparse', async () => {
  const vectors = await answer('/embed_all', { inputs: ['the cat sleeps', 'dog'] });
  expect(vectors.map((list: number[][]) => list.length)).toEqual([6, 3]);
  const alone = await answer('/embed_all', { inputs: 'dog' });
  expect(vectors[1]).toEqual(alone[0]);
  const [sparse] = await answer('/embed_sparse', { inputs: 'cat' });
  const [full] = (await outputs('sparse', ['cat'], ['embedding'])).embedding;
  expect(sparse).toEqual(
    full.flatMap((value: number, index: number) => (value === 0 ? [] : [{ index, value }])),
  );
  expect((await post('/embed_all', { inputs: Array.from({ length: 33 }, () => 'x') })).status).toBe(400);
});

it('/similarity', async () => {
  const inputs = { source_sentence: 'the cat', sentences: ['the cat', 'a dog'] };
  const [same, other] = await answer('/similarity', { inputs });
  expect(same).toBeCloseTo(1, 6);
  const [one, two] = (await outputs('sentences', ['the cat', 'a dog'], ['embedding'])).embedding;
  expect(other).toBeCloseTo(
    one.reduce((sum: number, value: number, index: number) => sum + value * two[index], 0),
    5,
  );
});

it('/predict', async () => {
  const { scores } = await outputs('sentiment', ['a good day'], ['scores']);
  const classes = LABELS.text_classification
    .map((label, index) => ({ score: scores[0][index], label }))
    .toSorted((a, b) => b.score - a.score);
  const ask = (inputs: unknown, more = {}) => answer('/predict', { model: 'sentiment', inputs, ...more });
  expect(await ask('a good day')).toEqual(classes);
  expect(await ask([['a good day'], ['a bad day']])).toEqual([classes, expect.any(Array)]);
  const { logits } = await outputs('sentiment', ['a good day'], ['logits']);
  const raw = await ask('a good day', { raw_scores: true });
  expect(raw.map(({ score }: { score: number }) => score)).toEqual(
    logits[0].toSorted((one: number, other: number) => other - one),
  );
  const pair = await answer('/predict', { model: 'pairs', inputs: ['a good day', 'a good day'] });
  expect(pair[0].label).toBe('entailment');
  expect((await post('/predict', { model: 'sentiment', inputs: ['a', 'b'] })).status).toBe(400);
});

it('/tokenize and /decode', async () => {
  const [tokens] = await answer('/tokenize', { model: 'sentences', inputs: 'Cats' });
  expect(tokens).toEqual([
    { id: idOf('[CLS]'), text: '[CLS]', special: true, start: null, stop: null },
    expect.objectContaining({ id: idOf('cat'), special: false, start: 0, stop: 3 }),
    expect.objectContaining({ id: idOf('##s'), special: false, start: 3, stop: 4 }),
    { id: idOf('[SEP]'), text: '[SEP]', special: true, start: null, stop: null },
  ]);
  const plain = await answer('/tokenize', {
    model: 'sentences',
    inputs: ['cat', 'dog'],
    add_special_tokens: false,
  });
  expect(plain.map((list: { id: number }[]) => list.map(({ id }) => id))).toEqual([
    [idOf('cat')],
    [idOf('dog')],
  ]);
  const ids = tokens.map(({ id }: { id: number }) => id);
  expect(await answer('/decode', { model: 'sentences', ids })).toEqual(['cats']);
  expect(await answer('/decode', { model: 'sentences', ids: [ids], skip_special_tokens: false })).toEqual([
    '[CLS] cats [SEP]',
  ]);
});

it('/info describes the model of the header', async () => {
  const info = (model: string) => gateway.send('/info', { headers: { 'x-model': model } });
  expect((await info('sentences')).json()).toMatchObject({
    model_id: 'sentences',
    model_type: { embedding: { pooling: 'mean' } },
    max_input_length: 64,
  });
  expect((await info('sentiment')).json().model_type.classifier.id2label).toEqual(
    Object.fromEntries(LABELS.text_classification.entries()),
  );
  expect((await gateway.send('/info')).json()).toMatchObject({ error_type: 'Validation' });
  expect((await info('affine')).status).toBe(400);
  expect((await info('none')).status).toBe(404);
});

it.each<[string, object, number, string]>([
  ['/embed', { inputs: [] }, 400, 'Empty'],
  ['/embed', { inputs: { text: 'x' } }, 400, 'Validation'],
  ['/embed', { inputs: 'x', normalize: false }, 400, 'Validation'],
  ['/embed', { inputs: 'x', prompt_name: 'none' }, 400, 'Validation'],
  ['/embed', { inputs: 'x '.repeat(100), truncate: false }, 400, 'Validation'],
  ['/embed', { inputs: 'x', model: 'affine' }, 400, 'Validation'],
  ['/embed', { inputs: 'x', model: 'sentiment' }, 400, 'Validation'],
  ['/embed', { inputs: 'x', model: 'none' }, 404, 'Validation'],
  ['/rerank', { query: 'x', texts: ['x'] }, 404, 'Validation'],
  ['/predict', { inputs: 'x' }, 400, 'Validation'],
  ['/tokenize', { inputs: 'x', model: 'affine' }, 400, 'Validation'],
  ['/tokenize', { inputs: 'x'.repeat(16_385), model: 'sentences' }, 400, 'Validation'],
  ['/tokenize', { inputs: [1], model: 'sentences' }, 400, 'Validation'],
  ['/decode', { ids: [10_000_000], model: 'sentences' }, 400, 'Validation'],
  ['/decode', { ids: [], model: 'sentences' }, 400, 'Empty'],
])('%s refuses %.60j with status %d', async (path, body, status, type) => {
  const refused = await post(path, body);
  expect(refused.json()).toEqual({ error: expect.stringMatching(/./), error_type: type });
  expect(refused.status).toBe(status);
});
