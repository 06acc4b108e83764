import { errors } from '../../common/errors';
import { mismatch } from '../../common/mismatch';
import { EMBEDDING_TASKS } from '../../tasks/task-definition';
import type { TextOptions } from '../../tasks/text/text-options';
import { jsonFloats } from '../../tensor/json/json-data';
import { PROMPTS, PURPOSES } from './cohere-purposes';
import { metaOf } from './cohere-meta';
import { asChoice, asWhole, modelOf, optional, type Members } from './members';
import { ranked, rankingRequest } from './ranking';
import { taskDialect, taskRequest, type TaskRequest } from './task-dialect';
import { asItems, textTensor, textsOf } from './texts';
import { base64Of, outputOf, vectorsOf } from './vectors';

/** The types of embeddings that are served, of the types in the API of Cohere. */
const TYPES = ['float', 'base64'] as const;

type EmbeddingType = (typeof TYPES)[number];

/** A request for embeddings in the API of Cohere. */
interface CohereEmbedding extends TaskRequest {
  /** Undefined for the plain list of the first version. */
  readonly types: readonly EmbeddingType[] | undefined;
}

/** A request for a ranking in the API of Cohere. */
interface CohereRanking extends TaskRequest {
  /** Number of documents to return; undefined for all. */
  readonly topN: number | undefined;
}

/** `POST /v1/embed` of the API of Cohere. */
export const cohereEmbedV1 = embedDialect('cohereEmbedV1', '1');

/** `POST /v2/embed` of the API of Cohere. */
export const cohereEmbedV2 = embedDialect('cohereEmbedV2', '2');

/** `POST /v2/rerank` of the API of Cohere. */
export const cohereRerankV2 = taskDialect<CohereRanking>({
  module: __filename,
  name: 'cohereRerankV2',
  tasks: ['reranking'],
  read(body) {
    const documents = asItems(body['documents'], 'documents');
    return {
      ...rankingRequest(body, documents),
      topN: optional(body, 'top_n', asWhole(1)),
    };
  },
  write: (answer) => ({
    id: answer.id,
    results: ranked(outputOf(answer.outputs, 'scores'), answer.request.topN).map(({ index, score }) => ({
      index,
      relevance_score: score,
    })),
    meta: metaOf(answer.outputs, '2'),
  }),
});

function embedDialect(name: string, version: '1' | '2') {
  return taskDialect<CohereEmbedding>({
    module: __filename,
    name,
    tasks: EMBEDDING_TASKS,
    read(body) {
      requireTextOnly(body);
      const texts = asItems(body['texts'], 'texts');
      const inputs = [textTensor('text', texts, (index) => `texts[${index}]`)];
      const purpose = optional(body, 'input_type', asChoice(PURPOSES));
      const byDefault = version === '1' ? undefined : (['float'] as const);
      return {
        ...taskRequest(modelOf(body), { inputs }, ['embedding', 'tokens'], {
          maxTokens: optional(body, 'max_tokens', asWhole(1)),
          ...truncationOf(body),
        }),
        prompts: purpose === undefined ? undefined : PROMPTS[purpose],
        dimensions: optional(body, 'output_dimension', asWhole(1)),
        types: optional(body, 'embedding_types', asTypes) ?? byDefault,
      };
    },
    repeats: () => ['text'],
    write(answer) {
      const { id, outputs, request, scales } = answer;
      const { dimensions, types } = request;
      const vectors = vectorsOf(outputOf(outputs, 'embedding'), dimensions, scales);
      return {
        id,
        texts: textsOf(outputs, 'text'),
        embeddings:
          types === undefined
            ? vectors.map((vector) => jsonFloats(vector))
            : Object.fromEntries(types.map((type) => [type, vectors.map((vector) => SHOWN[type](vector))])),
        response_type: types === undefined ? 'embeddings_floats' : 'embeddings_by_type',
        meta: metaOf(answer.outputs, version),
      };
    },
  });
}

const SHOWN: Readonly<Record<EmbeddingType, (vector: Float32Array) => unknown>> = {
  float: jsonFloats,
  base64: base64Of,
};

/** Refuses pictures. */
function requireTextOnly(body: Members): void {
  for (const name of ['images', 'inputs'])
    if (body[name] !== undefined && body[name] !== null)
      throw errors.invalidInput(
        `${name}: expected nothing, because only texts are embedded; send texts`,
        name,
      );
}

function asTypes(value: unknown, path: string): readonly EmbeddingType[] {
  const items = Array.isArray(value) ? value : [value];
  if (items.length === 0) throw mismatch(path, '"float" or "base64"', value);
  const read = asChoice(TYPES);
  return [...new Set(items.map((item, index) => read(item, `${path}[${index}]`)))];
}

/** What Cohere's `truncate` says: NONE refuses longer texts, START cuts their start, END their end. */
function truncationOf(body: Members): TextOptions {
  const truncate = optional(body, 'truncate', asChoice(['NONE', 'START', 'END']));
  if (truncate === undefined) return {};
  return { truncate: truncate !== 'NONE', truncationSide: truncate === 'START' ? 'left' : 'right' };
}
