import { writeHubModel } from '../../fixtures/hub-model';
import { Gateway, Repository } from '../support/gateway';
import type { Message } from '../support/http';
import { tearDown } from '../support/tear-down';

/* The protocols of Cohere, Jina and vLLM. */

const KEY = 'key-of-the-rerank-test';
let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository();
  writeHubModel(repository.path, 'ranker', { task: 'reranking' });
  writeHubModel(repository.path, 'sentences', {
    task: 'embedding',
    manifest: 'prompts: { query: "question ", passage: "sentence " }\n',
  });
  gateway = await Gateway.start(repository, { NEXUS_API_KEY: KEY });
});

afterAll(() => tearDown(gateway, repository));

const post = (path: string, body: unknown, { headers, ...more }: Message = {}) =>
  gateway.send(path, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, ...headers },
    body: JSON.stringify(body),
    ...more,
  });

const REQUEST = {
  model: 'ranker',
  query: 'cat and dog',
  documents: ['the weather today', 'cat', 'a dog and a cat', 'cat'],
};

/** Indexes and scores from `predict`, sorted by score and then by index. */
async function expected() {
  const inputs = { text: REQUEST.documents.map(() => REQUEST.query), text_pair: REQUEST.documents };
  const { scores } = (await post('/v1/models/ranker/predict', { inputs })).json().outputs;
  return (scores as number[][])
    .map(([score], index) => ({ index, score: score! }))
    .toSorted((one, other) => other.score - one.score || one.index - other.index);
}

it('ranks documents alike in every protocol', async () => {
  const order = await expected();
  expect(order.map(({ index }) => index)).toEqual([2, 1, 3, 0]);
  const cohere = (await post('/v2/rerank', REQUEST)).json();
  expect(cohere.results).toEqual(order.map(({ index, score }) => ({ index, relevance_score: score })));
  const { texts, ...tei } = { ...REQUEST, texts: REQUEST.documents, documents: undefined };
  expect((await post('/rerank', { ...tei, texts })).json()).toEqual(order);
  const documents = REQUEST.documents.map((text, index) => (index % 2 === 0 ? text : { text }));
  for (const path of ['/v1/rerank', '/rerank']) {
    const jina = (await post(path, { ...REQUEST, documents })).json();
    expect(jina.results).toEqual(
      order.map(({ index, score }) => ({
        index,
        relevance_score: score,
        document: { text: REQUEST.documents[index] },
      })),
    );
    expect(jina.usage.total_tokens).toBe(jina.meta.billed_units.input_tokens);
  }
  const scored = (await post('/score', { text_1: REQUEST.query, text_2: REQUEST.documents })).json();
  expect(scored.data).toEqual(
    order.toSorted((one, other) => one.index - other.index).map((one) => ({ ...one, object: 'score' })),
  );
});

it('returns the first documents', async () => {
  const { results } = (await post('/v2/rerank', { ...REQUEST, top_n: 2, max_tokens_per_doc: 4096 })).json();
  expect(results.map(({ index }: { index: number }) => index)).toEqual([2, 1]);
});

it('ranks 2048 documents', async () => {
  const best = 'cat and dog '.repeat(6);
  const documents = Array.from({ length: 2048 }, (_, index) =>
    index === 1234 ? best : 'the weather today '.repeat(4),
  );
  const { results } = (await post('/v1/rerank', { ...REQUEST, documents })).json();
  expect(results).toHaveLength(2048);
  expect(results[0]).toMatchObject({ index: 1234, document: { text: best } });
  expect(results[1].index).toBe(0);
});

it('refuses a query that is too long to repeat for each document', async () => {
  const documents = Array.from({ length: 2048 }, () => '');
  const answer = await post('/v1/rerank', { query: 'q'.repeat(10_000), documents });
  expect([answer.status, answer.json().message]).toEqual([400, expect.stringContaining('a shorter query')]);
});

it('Cohere: embeds with the prompt for the purpose', async () => {
  const embed = async (text: string, more: object) =>
    (await post('/v2/embed', { model: 'sentences', texts: [text], ...more })).json().embeddings.float[0];
  const plain = await embed('question cat', {});
  expect(await embed('cat', { input_type: 'search_query' })).toEqual(plain);
  expect(await embed('cat', { input_type: 'search_document' })).toEqual(await embed('sentence cat', {}));
  expect(await embed('cat', { input_type: 'clustering' })).toEqual(await embed('cat', {}));
  expect(await embed('cat', { input_type: 'search_query' })).not.toEqual(await embed('cat', {}));
});

it('Cohere: cuts texts as requested', async () => {
  // Longer than texts for a model of four tokens may be.
  const texts = ['dog '.repeat(300) + 'cat'];
  const embed = (more: object) => post('/v1/embed', { model: 'sentences', texts, ...more });
  const [end, start, short] = await Promise.all(
    [{ truncate: 'END' }, { truncate: 'START' }, { max_tokens: 4 }].map(embed),
  );
  expect(end!.json().meta.billed_units.input_tokens).toBe(64);
  expect(start!.json().embeddings).not.toEqual(end!.json().embeddings);
  expect(short!.json().meta.billed_units.input_tokens).toBe(4);
  const refused = await embed({ truncate: 'NONE' });
  expect([refused.status, refused.json().message]).toEqual([400, expect.stringContaining('64')]);
});

describe('errors', () => {
  const wrong = { headers: { authorization: 'Bearer wrong' } };
  const busy = expect.stringMatching(/./);

  it.each<[string, object]>([
    ['/v1/embed', { message: busy }],
    ['/v2/embed', { message: busy }],
    ['/v2/rerank', { message: busy }],
    ['/v1/rerank', { message: busy, detail: busy }],
    ['/rerank', { error: busy, error_type: 'Validation' }],
    ['/score', { error: expect.objectContaining({ message: busy }) }],
  ])('of %s have the form of its protocol', async (path, form) => {
    const answers = [
      await post(path, {}, wrong),
      await post(path, []),
      await post(path, { ...REQUEST, texts: ['x'], text_1: 'x', text_2: 'y', model: 'none' }),
      await post(path, {
        ...REQUEST,
        texts: ['x'],
        text_1: 'x',
        text_2: 'y',
        model: path.endsWith('embed') ? 'ranker' : 'sentences',
      }),
      await gateway.send(path),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 400, 404, 400, 405]);
    for (const answer of answers) expect(answer.json()).toEqual(form);
  });
});
