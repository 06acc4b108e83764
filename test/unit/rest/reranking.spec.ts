import fc from 'fast-check';
import { cohereRerankV2 } from '../../../src/rest/tasks/cohere.dialect';
import { jinaRerank } from '../../../src/rest/tasks/jina.dialect';
import { sharedRerank } from '../../../src/rest/tasks/rerank.dialect';
import { teiPredict } from '../../../src/rest/tasks/tei.dialect';
import { vllmScore } from '../../../src/rest/tasks/vllm.dialect';
import { decodeStrings } from '../../../src/tensor/elements';
import { definition, exchange, fp32, tokens } from './task-requests';

const RERANKING = definition({ name: 'reranking' });
const SCORES = [fp32('scores', [3, 1], [0.25, 0.75, 0.25]), tokens(3, 4, 5)];
const REQUEST = { model: 'm', query: 'q', documents: ['a', 'b', 'c'] };

const ranking = <T>(list: T, more = {}) => ({ id: expect.any(String), ...more, results: list });

it('Cohere, version 2', async () => {
  const { body, fitted } = await exchange(
    cohereRerankV2,
    { ...REQUEST, top_n: 2, max_tokens_per_doc: null },
    SCORES,
    RERANKING,
  );
  expect(body).toEqual({
    ...ranking([
      { index: 1, relevance_score: 0.75 },
      { index: 0, relevance_score: 0.25 },
    ]),
    meta: { api_version: { version: '2' }, billed_units: { input_tokens: 12 } },
  });
  expect(fitted.inputs.map(({ name, data }) => [name, decodeStrings(data)])).toEqual([
    ['text', ['q', 'q', 'q']],
    ['text_pair', ['a', 'b', 'c']],
  ]);
});

it('Jina, vLLM and Cohere, version 1, which also gets the documents', async () => {
  const documents = ['a', { text: 'b', title: 'B' }, 'c'];
  const body = { ...REQUEST, documents, top_n: null, rank_fields: ['text'], max_chunks_per_doc: 1 };
  expect((await exchange(jinaRerank, body, SCORES, RERANKING)).body).toEqual({
    ...ranking(
      [
        { index: 1, relevance_score: 0.75, document: { text: 'b' } },
        { index: 0, relevance_score: 0.25, document: { text: 'a' } },
        { index: 2, relevance_score: 0.25, document: { text: 'c' } },
      ],
      { model: 'm' },
    ),
    usage: { total_tokens: 12 },
    meta: { api_version: { version: '1' }, billed_units: { input_tokens: 12 } },
  });
  const short = await exchange(
    jinaRerank,
    { ...REQUEST, top_n: 1, return_documents: false },
    SCORES,
    RERANKING,
  );
  expect(short.body.results).toEqual([{ index: 1, relevance_score: 0.75 }]);
  const all = await exchange(jinaRerank, { ...REQUEST, top_n: 0 }, SCORES, RERANKING);
  expect(all.body.results).toHaveLength(3);
});

it('/rerank answers in the format of the request', async () => {
  const { documents, ...rest } = REQUEST;
  const tei = await exchange(sharedRerank, { ...rest, texts: documents }, SCORES, RERANKING);
  expect(tei.body).toEqual([
    { index: 1, score: 0.75 },
    { index: 0, score: 0.25 },
    { index: 2, score: 0.25 },
  ]);
  const logits = [fp32('logits', [3, 1], [-2, 3, 4])];
  const raw = await exchange(
    sharedRerank,
    { ...rest, texts: documents, raw_scores: true, return_text: true },
    logits,
    RERANKING,
  );
  expect(raw.fitted.outputs).toEqual([{ name: 'logits' }]);
  expect(raw.body[0]).toEqual({ index: 2, score: 4, text: 'c' });
  const jina = await exchange(sharedRerank, REQUEST, SCORES, RERANKING);
  expect(jina.body.results[0]).toEqual({ index: 1, relevance_score: 0.75, document: { text: 'b' } });
});

it('sorts by score, then by index, and repeats no document', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(0, 0.25, 0.5, 1), { minLength: 1, maxLength: 40 }),
      fc.nat({ max: 40 }),
      async (scores, topN) => {
        const outputs = [fp32('scores', [scores.length, 1], scores), tokens(...scores.map(() => 1))];
        const request = { query: 'q', documents: scores.map(String), top_n: topN + 1 };
        const { body } = await exchange(cohereRerankV2, request, outputs, RERANKING);
        const expected = scores
          .map((score, index) => ({ index, relevance_score: score }))
          .toSorted((one, other) => other.relevance_score - one.relevance_score || one.index - other.index);
        expect(body.results).toEqual(expected.slice(0, topN + 1));
      },
    ),
  );
});

it.each<[object, string]>([
  [{ query: 5 }, 'query: expected a string, got 5'],
  [{ query: '\ud800' }, 'query: expected'],
  [{ documents: [] }, 'documents: expected at least one text, got an empty array'],
  [{ documents: ['a', {}] }, 'documents[1]: expected'],
  [{ top_n: -1 }, 'top_n: expected a whole number'],
  [{ rank_fields: ['title'] }, 'rank_fields: expected ["text"]'],
  [{ return_documents: 1 }, 'return_documents: expected true or false, got 1'],
  [
    { query: 'q'.repeat(2 ** 20), documents: Array.from({ length: 9 }, () => '') },
    'query: expected at most 8388608 bytes for the query times the number of documents',
  ],
])('rejects %.40j', async (body, message) => {
  const request = exchange(jinaRerank, { ...REQUEST, ...body }, SCORES, RERANKING);
  await expect(request).rejects.toMatchObject({ message: expect.stringContaining(message) });
});

describe('vLLM scores', () => {
  const PAIRS = [fp32('scores', [2, 1], [0.25, 0.75]), tokens(3, 4)];

  it.each<[object, readonly string[], readonly string[]]>([
    [{ text_1: 'q', text_2: ['a', 'b'] }, ['q', 'q'], ['a', 'b']],
    [{ text_1: ['q'], text_2: ['a', 'b'] }, ['q', 'q'], ['a', 'b']],
    [{ queries: ['p', 'q'], documents: ['a', 'b'] }, ['p', 'q'], ['a', 'b']],
    [{ data_1: 'q', data_2: 'a' }, ['q'], ['a']],
  ])('of %j', async (request, firsts, seconds) => {
    const { body, fitted } = await exchange(vllmScore, request, PAIRS, RERANKING);
    expect(fitted.inputs.map(({ data }) => decodeStrings(data))).toEqual([firsts, seconds]);
    expect(body).toMatchObject({
      object: 'list',
      model: 'm',
      data: [
        { index: 0, object: 'score', score: 0.25 },
        { index: 1, object: 'score', score: 0.75 },
      ],
      usage: { prompt_tokens: 7, total_tokens: 7 },
    });
  });

  it('rejects lists of different lengths', async () => {
    const request = exchange(vllmScore, { text_1: ['p', 'q'], text_2: ['a'] }, PAIRS, RERANKING);
    await expect(request).rejects.toThrow('text_2: expected 2 texts, as many as text_1, got an array of 1');
  });
});

describe('/predict', () => {
  const LABELS = definition({ name: 'text_classification', labels: ['bad', 'good'] });
  const PAIRS = definition({ name: 'pair_classification' });
  const one = [fp32('scores', [1, 2], [0.25, 0.75])];
  const classes = [
    { score: 0.75, label: 'good' },
    { score: 0.25, label: 'bad' },
  ];

  it('returns the classes of a text, or of each text', async () => {
    expect((await exchange(teiPredict, { inputs: 'a' }, one, LABELS)).body).toEqual(classes);
    expect((await exchange(teiPredict, { inputs: ['a'] }, one, LABELS)).body).toEqual(classes);
    expect((await exchange(teiPredict, { inputs: [['a']] }, one, LABELS)).body).toEqual([classes]);
  });

  it('takes two strings for a pair', async () => {
    const { body, fitted } = await exchange(teiPredict, { inputs: ['a', 'b'] }, one, PAIRS);
    expect(fitted.inputs.map(({ data }) => decodeStrings(data))).toEqual([['a'], ['b']]);
    expect(body[0]).toEqual({ score: 0.75, label: 'LABEL_1' });
    await expect(exchange(teiPredict, { inputs: ['a', 'b'] }, one, LABELS)).rejects.toThrow(
      "inputs: model 'm' takes single texts, got pairs",
    );
    await expect(exchange(teiPredict, { inputs: 'a' }, one, PAIRS)).rejects.toThrow(
      "inputs: model 'm' takes pairs of texts, got single texts",
    );
    await expect(exchange(teiPredict, { inputs: [['a'], ['a', 'b']] }, one, LABELS)).rejects.toThrow(
      'inputs[1]: expected one text, as before, got an array of 2',
    );
    await expect(exchange(teiPredict, { inputs: ['a', 'b', 'c'] }, one, LABELS)).rejects.toThrow(
      'inputs: expected one text, or a pair of texts, got an array of 3',
    );
  });

  it('returns logits for raw scores', async () => {
    const logits = [fp32('logits', [1, 2], [-1, 3])];
    const { body, fitted } = await exchange(teiPredict, { inputs: 'a', raw_scores: true }, logits, LABELS);
    expect(fitted.outputs).toEqual([{ name: 'logits' }]);
    expect(body[0]).toEqual({ score: 3, label: 'good' });
  });
});
