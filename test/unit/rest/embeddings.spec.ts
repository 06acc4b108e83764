import fc from 'fast-check';
import { cohereEmbedV1, cohereEmbedV2 } from '../../../src/rest/tasks/cohere.dialect';
import { embeddingsDialect } from '../../../src/rest/tasks/openai.dialect';
import { teiEmbed, teiEmbedAll, teiEmbedSparse, teiSimilarity } from '../../../src/rest/tasks/tei.dialect';
import { decodeStrings } from '../../../src/tensor/elements';
import { definition, exchange, fp32, tokens } from './task-requests';

const TWO = [fp32('embedding', [2, 4], [0.5, 0.5, 0.5, 0.5, 1, 0, 0, 0]), tokens(3, 4)];

describe('OpenAI', () => {
  const openai = (body: object, ...more: any[]) =>
    exchange(embeddingsDialect, { model: 'm:stable', input: ['a', 'b'], ...body }, TWO, ...more);

  it('returns floats unless base64 is requested, in order, with the number of tokens', async () => {
    const { body, fitted } = await openai({ encoding_format: null, user: null, dimensions: null, other: 1 });
    expect(body).toEqual({
      object: 'list',
      data: [
        { object: 'embedding', index: 0, embedding: [0.5, 0.5, 0.5, 0.5] },
        { object: 'embedding', index: 1, embedding: [1, 0, 0, 0] },
      ],
      model: 'm:stable',
      usage: { prompt_tokens: 7, total_tokens: 7 },
    });
    expect(decodeStrings(fitted.inputs[0]!.data)).toEqual(['a', 'b']);
    expect(fitted.outputs).toEqual([{ name: 'embedding' }, { name: 'tokens' }]);
  });

  it('base64 holds the float32 values of its own embedding, little-endian', async () => {
    const float32 = fc.float({ noNaN: true, noDefaultInfinity: true });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(float32, float32, float32), { minLength: 1, maxLength: 5 }),
        async (rows) => {
          const outputs = [fp32('embedding', [rows.length, 3], rows.flat()), tokens(...rows.map(() => 1))];
          const request = { input: rows.map(() => 'x'), encoding_format: 'base64' };
          const { body } = await exchange(embeddingsDialect, request, outputs);
          const read = body.data.map(({ embedding }: { embedding: string }) => {
            const held = Buffer.from(embedding, 'base64');
            return Array.from({ length: held.length / 4 }, (_, index) => held.readFloatLE(4 * index));
          });
          expect(read).toEqual(rows);
        },
      ),
    );
  });

  it('scales embeddings again that it cuts', async () => {
    const { body } = await openai({ dimensions: 2 });
    const [half] = [Math.fround(Math.SQRT1_2)];
    expect(body.data.map((item: any) => item.embedding.map(Math.fround))).toEqual([
      [half, half],
      [1, 0],
    ]);
    expect((await openai({ dimensions: 4 })).body.data[1].embedding).toEqual([1, 0, 0, 0]);
    const raw = await openai({ dimensions: 2 }, definition({ normalize: false }));
    expect(raw.body.data[0].embedding).toEqual([0.5, 0.5]);
  });

  it.each<[object, string]>([
    [
      { input: undefined },
      'input: expected a string, an array of strings, or arrays of token ids, got nothing',
    ],
    [{ input: [] }, 'input: expected at least one text, got an empty array'],
    [{ input: ['a', 1] }, 'input[1]: expected'],
    [{ input: ['\ud800'] }, 'input[0]: expected'],
    [{ input: ['a\0b'] }, 'input[0]: expected'],
    [{ input: [[1, -1]] }, 'input[0][1]: expected a token id, got -1'],
    [
      { input: Array.from({ length: 2049 }, () => '') },
      'input: expected at most 2048 items, got an array of 2049',
    ],
    [{ model: '' }, 'model: expected the name of a model, got ""'],
    [{ encoding_format: 'int8' }, 'encoding_format: expected "float" or "base64", got "int8"'],
    [{ dimensions: 0 }, 'dimensions: expected a whole number, 1 or more, got 0'],
    [{ dimensions: 3 }, "dimensions: expected 2, 4, the sizes of model 'm', got 3"],
    [{ dimensions: 8 }, "dimensions: expected 2, 4, the sizes of model 'm', got 8"],
    [{ user: 5 }, 'user: expected a string, got 5'],
    [{ input: [1, 2] }, 'set check_embedding_ctx_length=False'],
  ])('rejects %j', async (body, message) => {
    await expect(openai(body)).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining(message),
    });
  });

  it('decodes token ids if the model allows them', async () => {
    const base = definition();
    const task = { ...base, text: { ...base.text!, acceptsTokenIds: true } };
    const decode = async (ids: readonly (readonly number[])[]) => ids.map((list) => list.join('-'));
    const { fitted } = await openai({ input: [[1, 2], [3]] }, task, { decode });
    expect(decodeStrings(fitted.inputs[0]!.data)).toEqual(['1-2', '3']);
    expect(decodeStrings((await openai({ input: [7, 8] }, task, { decode })).fitted.inputs[0]!.data)).toEqual(
      ['7-8'],
    );
  });

  it.each<[string, string]>([
    ['reranking', "got 'm', which has the task reranking; use POST /v1/rerank"],
    ['image_classification', 'use POST /v1/models/m/predict'],
  ])('names the operation for a model of %s', async (name, message) => {
    const task = definition({ name: name as 'reranking' });
    await expect(openai({}, task)).rejects.toMatchObject({ message: expect.stringContaining(message) });
  });
});

describe('Cohere', () => {
  const TEXTS = { texts: ['a', 'b'] };

  it('v1 returns a plain list with billed units, and types if requested', async () => {
    const { body } = await exchange(cohereEmbedV1, { ...TEXTS, input_type: null, truncate: null }, TWO);
    expect(body).toEqual({
      id: expect.stringMatching(/^[-0-9a-f]{36}$/),
      texts: ['a', 'b'],
      embeddings: [
        [0.5, 0.5, 0.5, 0.5],
        [1, 0, 0, 0],
      ],
      response_type: 'embeddings_floats',
      meta: { api_version: { version: '1' }, billed_units: { input_tokens: 7 } },
    });
    const typed = await exchange(cohereEmbedV1, { ...TEXTS, embedding_types: ['base64'] }, TWO);
    expect(typed.body).toMatchObject({
      embeddings: { base64: ['AAAAPwAAAD8AAAA/AAAAPw==', 'AACAPwAAAAAAAAAAAAAAAA=='] },
      response_type: 'embeddings_by_type',
    });
  });

  it('v2 returns embeddings by type', async () => {
    const { body } = await exchange(cohereEmbedV2, { ...TEXTS, output_dimension: 2 }, TWO);
    expect(Object.keys(body.embeddings)).toEqual(['float']);
    expect(body.embeddings.float[1]).toEqual([1, 0]);
    expect(body.meta.api_version.version).toBe('2');
  });

  it.each<[object, object | undefined]>([
    [{ input_type: 'search_query' }, { prompt: 'query' }],
    [{ input_type: 'search_document' }, { prompt: 'document' }],
    [{ input_type: 'clustering' }, { prompt: undefined }],
    [{ truncate: 'NONE' }, { truncate: false }],
    [
      { truncate: 'START', max_tokens: 5 },
      { truncate: true, truncationSide: 'left', maxTokens: 5 },
    ],
    [{ truncate: 'END' }, { truncationSide: 'right' }],
  ])('%j sets %j', async (more, options) => {
    const { fitted } = await exchange(cohereEmbedV2, { ...TEXTS, ...more }, TWO);
    expect(fitted.text).toMatchObject(options!);
  });

  it.each<[object, string]>([
    [{ embedding_types: ['int8'] }, 'embedding_types[0]: expected "float" or "base64", got "int8"'],
    [{ embedding_types: [] }, 'embedding_types: expected "float" or "base64", got an empty array'],
    [{ images: ['data:'] }, 'images: expected nothing, because only texts are embedded'],
    [{ input_type: 'image' }, 'input_type: expected "search_document"'],
    [{ texts: 'a' }, 'texts: expected an array, got "a"'],
  ])('rejects %j', async (body, message) => {
    const request = exchange(cohereEmbedV2, { ...TEXTS, ...body }, TWO);
    await expect(request).rejects.toMatchObject({ message: expect.stringContaining(message) });
  });
});

describe('Text Embeddings Inference', () => {
  it('embeds', async () => {
    expect((await exchange(teiEmbed, { inputs: 'a' }, [TWO[0]!])).body).toEqual([
      [0.5, 0.5, 0.5, 0.5],
      [1, 0, 0, 0],
    ]);
    const raw = [fp32('embedding', [1, 4], [3, 4, 0, 0])];
    const plain = definition({ normalize: false });
    const embed = async (body: object, task = plain) => (await exchange(teiEmbed, body, raw, task)).body;
    expect(await embed({ inputs: 'a' })).toEqual([[0.6, 0.8, 0, 0]]);
    expect(await embed({ inputs: 'a', normalize: false })).toEqual([[3, 4, 0, 0]]);
    await expect(embed({ inputs: 'a', normalize: false }, definition())).rejects.toThrow(
      "normalize: expected true, because model 'm' scales its embeddings to length 1, got false",
    );
  });

  it('passes the options of texts on', async () => {
    const body = { inputs: ['a'], truncate: false, truncation_direction: 'Left', prompt_name: 'query' };
    expect((await exchange(teiEmbed, body, [TWO[0]!])).fitted.text).toEqual({
      truncate: false,
      truncationSide: 'left',
      prompt: 'query',
    });
  });

  it('embeds every token without the padding', async () => {
    const vectors = fp32('token_embeddings', [2, 2, 4], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0]);
    const { body } = await exchange(teiEmbedAll, { inputs: ['a b', 'c'] }, [vectors, tokens(2, 1)]);
    expect(body).toEqual([
      [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ],
      [[9, 10, 11, 12]],
    ]);
  });

  it('returns the elements of sparse embeddings that are not zero', async () => {
    const output = fp32('embedding', [2, 4], [0, 0.5, 0, 2, 0, 0, 0, 0]);
    const task = definition({ name: 'sparse_embedding' });
    const { body } = await exchange(teiEmbedSparse, { inputs: ['a', 'b'] }, [output], task);
    expect(body).toEqual([
      [
        { index: 1, value: 0.5 },
        { index: 3, value: 2 },
      ],
      [],
    ]);
  });

  it('compares', async () => {
    const output = fp32('embedding', [4, 4], [3, 0, 0, 0, 5, 0, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0]);
    const inputs = { source_sentence: 'a', sentences: ['b', 'c', 'd'] };
    const { body, fitted } = await exchange(teiSimilarity, { inputs, parameters: { prompt_name: 'query' } }, [
      output,
    ]);
    expect(body).toEqual([1, 0, -1]);
    expect(decodeStrings(fitted.inputs[0]!.data)).toEqual(['a', 'b', 'c', 'd']);
    expect(fitted.text).toMatchObject({ prompt: 'query' });
    const wrong = { inputs: { ...inputs, sentences: ['b', 1] } };
    await expect(exchange(teiSimilarity, wrong, [output])).rejects.toThrow('inputs.sentences[1]: expected');
  });
});
