import { applyDecorators, type Type } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiHeader, ApiOkResponse, getSchemaPath } from '@nestjs/swagger';
import { ApiErrorsAs, type DocumentedKind } from '../../transport/http/api-errors';
import { CohereError, ErrorAnswer, RerankError, TeiError } from '../../transport/http/errors.dto';
import { MODEL_HEADER } from '../../transport/http/inference-headers';
import { ApiInferenceHeaders, CACHE_HEADERS } from '../http/api-inference';
import * as cohere from './cohere.dto';
import * as jina from './jina.dto';
import * as openai from './openai.dto';
import * as tei from './tei.dto';
import * as vllm from './vllm.dto';

/** A JSON schema, or the class that it is made of. */
type Content = Type | object;

interface Documented {
  readonly request: Type | readonly Type[];
  /** Example requests by their summary. */
  readonly examples: Readonly<Record<string, object>>;
  readonly response: Content;
  readonly description: string;
  readonly error: Parameters<typeof ApiErrorsAs>[0];
}

const SENTENCES = { model: 'sentences', input: ['A cat sleeps.', 'A dog barks.'] };
const QUESTION = 'Where do cats sleep?';
const ANSWERS = ['Dogs bark.', 'Cats sleep on the sofa.'];

/** Documents `POST /v1/embeddings`. */
export const ApiEmbeddings = documenting({
  request: openai.EmbeddingsRequest,
  examples: {
    'Two texts': SENTENCES,
    'base64, as the clients of OpenAI ask for it': { ...SENTENCES, encoding_format: 'base64' },
  },
  response: openai.EmbeddingsResponse,
  description: 'The embeddings.',
  error: ErrorAnswer,
});

/** Documents `POST /v1/embed`. */
export const ApiCohereEmbedV1 = documenting({
  request: cohere.CohereEmbedRequest,
  examples: { 'Two texts': { model: 'sentences', texts: SENTENCES.input } },
  response: { oneOf: [ref(cohere.CohereEmbedFloats), ref(cohere.CohereEmbedResponse)] },
  description: 'The embeddings: by type if the request has `embedding_types`.',
  error: CohereError,
});

/** Documents `POST /v2/embed`. */
export const ApiCohereEmbedV2 = documenting({
  request: cohere.CohereEmbedRequest,
  examples: {
    'Two texts': {
      model: 'sentences',
      texts: SENTENCES.input,
      input_type: 'search_document',
      embedding_types: ['float'],
    },
  },
  response: cohere.CohereEmbedResponse,
  description: 'The embeddings by type.',
  error: CohereError,
});

/** Documents `POST /embed`. */
export const ApiTeiEmbed = documenting({
  request: tei.TeiEmbedRequest,
  examples: { 'Two texts': { model: 'sentences', inputs: SENTENCES.input } },
  response: arrayOf(arrayOf({ type: 'number' })),
  description: 'The embedding of each text.',
  error: TeiError,
});

/** Documents `POST /embed_all`. */
export const ApiTeiEmbedAll = documenting({
  request: tei.TeiTextsRequest,
  examples: { 'A text': { model: 'sentences', inputs: 'A cat sleeps.' } },
  response: arrayOf(arrayOf(arrayOf({ type: 'number' }))),
  description: 'The vectors of the tokens of each text.',
  error: TeiError,
});

/** Documents `POST /embed_sparse`. */
export const ApiTeiEmbedSparse = documenting({
  request: tei.TeiTextsRequest,
  examples: { 'A text': { model: 'sparse', inputs: 'A cat sleeps.' } },
  response: arrayOf(arrayOf(ref(tei.SparseElement))),
  description: 'The elements of the embedding of each text that are not zero.',
  error: TeiError,
});

/** Documents `POST /similarity`. */
export const ApiSimilarity = documenting({
  request: tei.SimilarityRequest,
  examples: {
    'A text and two others': {
      model: 'sentences',
      inputs: { source_sentence: QUESTION, sentences: ANSWERS },
    },
  },
  response: arrayOf({ type: 'number' }),
  description: 'The cosine of the text and each of the others.',
  error: TeiError,
});

/** Documents `POST /v1/rerank`. */
export const ApiRerankV1 = documenting({
  request: jina.RerankRequest,
  examples: {
    'Two documents': { model: 'ranker', query: QUESTION, documents: ANSWERS, return_documents: false },
  },
  response: jina.RerankResponse,
  description: 'The documents, highest score first.',
  error: RerankError,
});

/** Documents `POST /v2/rerank`. */
export const ApiCohereRerankV2 = documenting({
  request: cohere.CohereRerankRequest,
  examples: {
    'The best of two documents': { model: 'ranker', query: QUESTION, documents: ANSWERS, top_n: 1 },
  },
  response: cohere.CohereRerankResponse,
  description: 'The documents, highest score first.',
  error: CohereError,
});

/** Documents `POST /rerank`. */
export const ApiSharedRerank = documenting({
  request: [tei.TeiRerankRequest, jina.RerankRequest],
  examples: {
    'Text Embeddings Inference': { model: 'ranker', query: QUESTION, texts: ANSWERS },
    'Jina and vLLM': { model: 'ranker', query: QUESTION, documents: ANSWERS },
  },
  response: { oneOf: [arrayOf(ref(tei.RankedText)), ref(jina.RerankResponse)] },
  description: 'The texts or documents, highest score first, in the format of the request.',
  error: TeiError,
});

/** Documents `POST /score`. */
export const ApiScore = documenting({
  request: vllm.ScoreRequest,
  examples: { 'Two pairs': { model: 'ranker', text_1: QUESTION, text_2: ANSWERS } },
  response: vllm.ScoreResponse,
  description: 'The score of each pair.',
  error: ErrorAnswer,
});

/** Documents `POST /predict`. */
export const ApiTeiPredict = documenting({
  request: tei.TeiPredictRequest,
  examples: {
    'A text': { model: 'sentiment', inputs: 'What a wonderful day!' },
    'Two texts': { model: 'sentiment', inputs: [['What a wonderful day!'], ['What a terrible day!']] },
  },
  response: {
    oneOf: [arrayOf(ref(tei.ScoredLabel)), arrayOf(arrayOf(ref(tei.ScoredLabel)))],
  },
  description: 'The classes, highest score first; a list for each text if the request has several.',
  error: TeiError,
});

/** Documents `POST /tokenize`. */
export const ApiTokenize = documentingText({
  request: tei.TokenizeRequest,
  examples: { 'A text': { model: 'sentences', inputs: 'A cat sleeps.' } },
  response: arrayOf(arrayOf(ref(tei.TokenDetails))),
  description: 'The tokens of each text.',
  error: TeiError,
});

/** Documents `POST /decode`. */
export const ApiDecode = documentingText({
  request: tei.DecodeRequest,
  examples: { 'The ids of one text': { model: 'sentences', ids: [5, 6] } },
  response: arrayOf({ type: 'string' }),
  description: 'The text of each list of ids.',
  error: TeiError,
});

/** Documents the header x-model. */
export function ApiModelHeader(): MethodDecorator {
  return ApiHeader({
    name: MODEL_HEADER,
    required: false,
    description: 'Name of the model, if the body does not name it.',
    schema: { type: 'string', example: 'sentences' },
  });
}

/** The errors of an operation that needs a model which its body names. */
const KINDS = [
  'invalid',
  'not_found',
  'too_large',
  'unsupported_encoding',
  'overloaded',
  'internal',
  'unavailable',
  'deadline',
] as const satisfies readonly DocumentedKind[];

/** Documents an operation that runs a model. */
function documenting(documented: Documented): () => MethodDecorator {
  const { error } = documented;
  return () =>
    applyDecorators(
      ApiInferenceHeaders(),
      ...documentation(documented, CACHE_HEADERS),
      ApiErrorsAs(error, ...KINDS, 'conflict', 'unprocessable', 'bad_gateway'),
    );
}

/** Documents an operation that needs only the tokenizer of a model. */
function documentingText(documented: Documented): () => MethodDecorator {
  const { error } = documented;
  return () => applyDecorators(...documentation(documented, {}), ApiErrorsAs(error, ...KINDS));
}

function documentation(
  { request, examples, response, description }: Documented,
  headers: typeof CACHE_HEADERS | object,
): MethodDecorator[] {
  const requests = [request].flat();
  const schema = requests.length === 1 ? ref(requests[0]!) : { anyOf: requests.map(ref) };
  const named = Object.fromEntries(
    Object.entries(examples).map(([summary, value], index) => [`example${index + 1}`, { summary, value }]),
  );
  const content = typeof response === 'function' ? { type: response as Type } : { schema: response };
  return [
    ApiModelHeader(),
    ApiExtraModels(...requests, ...SHARED),
    ApiBody({ schema, required: true, examples: named }),
    ApiOkResponse({ description, headers: headers as typeof CACHE_HEADERS, ...content }),
  ];
}

/** Classes of which responses are lists. */
const SHARED = [
  cohere.CohereEmbedFloats,
  cohere.CohereEmbedResponse,
  jina.RerankResponse,
  tei.RankedText,
  tei.ScoredLabel,
  tei.SparseElement,
  tei.TokenDetails,
];

function ref(type: Type): { readonly $ref: string } {
  return { $ref: getSchemaPath(type) };
}

function arrayOf(items: object): object {
  return { type: 'array', items };
}
