import { mismatch } from '../../common/mismatch';
import { EMBEDDING_TASKS, type TruncationSide } from '../../tasks/task-definition';
import { MAX_TEXTS, type TaskOutputName } from '../../tasks/task-tensors';
import type { TextOptions } from '../../tasks/text/text-options';
import { typedView } from '../../tensor/typed-arrays';
import { asObject } from '../codec/fields';
import { jsonFloats } from '../../tensor/json/json-data';
import { asBoolean, asChoice, asText, asWhole, modelOf, optional, type Members } from './members';
import { ranked } from './ranking';
import { taskDialect, taskRequest, type TaskRequest } from './task-dialect';
import { asItems, MAX_LARGE, readPairs, readTexts, textsOf, textTensor } from './texts';
import { cosine, outputOf, rowsOf, vectorsOf } from './vectors';

/** A request for a ranking of Text Embeddings Inference. */
export interface TeiRanking extends TaskRequest {
  readonly returnsText: boolean;
}

/** A request for the classes of texts or pairs of texts. */
interface TeiPrediction extends TaskRequest {
  /** Whether the response is one list of classes instead of one for each text. */
  readonly isSingle: boolean;
}

/** `POST /embed` of Text Embeddings Inference. */
export const teiEmbed = taskDialect<TaskRequest>({
  module: __filename,
  name: 'teiEmbed',
  tasks: EMBEDDING_TASKS,
  read: (body) => ({
    ...taskRequest(modelOf(body), readTexts(body['inputs'], 'inputs'), ['embedding'], optionsOf(body)),
    normalize: optional(body, 'normalize', asBoolean) ?? true,
    dimensions: optional(body, 'dimensions', asWhole(1)),
  }),
  write: ({ outputs, request, scales }) =>
    vectorsOf(outputOf(outputs, 'embedding'), request.dimensions, scales).map((vector) => jsonFloats(vector)),
});

/** `POST /embed_all` of Text Embeddings Inference: a vector for each token. */
export const teiEmbedAll = taskDialect<TaskRequest>({
  module: __filename,
  name: 'teiEmbedAll',
  tasks: EMBEDDING_TASKS,
  read: (body) =>
    taskRequest(
      modelOf(body),
      readTexts(body['inputs'], 'inputs', MAX_LARGE),
      ['token_embeddings', 'tokens'],
      optionsOf(body),
    ),
  write({ outputs }) {
    const { data, shape } = outputOf(outputs, 'token_embeddings');
    const [, longest = 0, size = 0] = shape;
    const values = typedView(data, 'FP32');
    const counts = typedView(outputOf(outputs, 'tokens').data, 'INT64');
    return Array.from(counts, (count, text) =>
      Array.from({ length: Number(count) }, (_, token) => {
        const start = (text * longest + token) * size;
        return jsonFloats(values.subarray(start, start + size));
      }),
    );
  },
});

/** `POST /embed_sparse` of Text Embeddings Inference: the elements that are not zero. */
export const teiEmbedSparse = taskDialect<TaskRequest>({
  module: __filename,
  name: 'teiEmbedSparse',
  tasks: ['sparse_embedding'],
  read: (body) =>
    taskRequest(
      modelOf(body),
      readTexts(body['inputs'], 'inputs', MAX_LARGE),
      ['embedding'],
      optionsOf(body),
    ),
  write: ({ outputs }) =>
    rowsOf(outputOf(outputs, 'embedding')).map((row) => {
      const indexes = Array.from(row.keys()).filter((index) => row[index] !== 0);
      const values = jsonFloats(Float32Array.from(indexes, (index) => row[index]!));
      return indexes.map((index, place) => ({ index, value: values[place] }));
    }),
});

/** `POST /similarity` of Text Embeddings Inference: the cosine of one text and each of several. */
export const teiSimilarity = taskDialect<TaskRequest>({
  module: __filename,
  name: 'teiSimilarity',
  tasks: EMBEDDING_TASKS,
  read(body) {
    const { source_sentence: source, sentences } = asObject(body['inputs'], 'inputs');
    const others = asItems(sentences, 'inputs.sentences', MAX_TEXTS - 1);
    const pathOf = (index: number) =>
      index === 0 ? 'inputs.source_sentence' : `inputs.sentences[${index - 1}]`;
    const inputs = [textTensor('text', [source, ...others], pathOf)];
    const parameters = optional(body, 'parameters', asObject) ?? {};
    return taskRequest(modelOf(body), { inputs }, ['embedding'], optionsOf(parameters));
  },
  write({ outputs }) {
    const [source, ...others] = rowsOf(outputOf(outputs, 'embedding'));
    return jsonFloats(Float32Array.from(others, (other) => cosine(source!, other)));
  },
});

/** `POST /rerank` of Text Embeddings Inference. */
export const teiRerank = taskDialect<TeiRanking>({
  module: __filename,
  name: 'teiRerank',
  tasks: ['reranking'],
  read(body) {
    const inputs = readPairs(body['query'], asItems(body['texts'], 'texts'), (index) => `texts[${index}]`);
    return {
      ...taskRequest(modelOf(body), { inputs }, [scoresIn(body)], optionsOf(body)),
      returnsText: optional(body, 'return_text', asBoolean) ?? false,
    };
  },
  repeats: ({ returnsText }) => (returnsText ? ['text_pair'] : []),
  write({ outputs, request }) {
    const texts = request.returnsText ? textsOf(outputs, 'text_pair') : undefined;
    return ranked(outputOf(outputs, request.outputs[0]!.name)).map(({ index, score }) => ({
      index,
      score,
      ...(texts === undefined ? {} : { text: texts[index] }),
    }));
  },
});

/** `POST /predict` of Text Embeddings Inference: the classes of texts or pairs of texts, highest score first. */
export const teiPredict = taskDialect<TeiPrediction>({
  module: __filename,
  name: 'teiPredict',
  tasks: ['text_classification', 'pair_classification', 'reranking'],
  read(body) {
    const { items, isSingle } = readSequences(body['inputs']);
    const size = items[0]!.length;
    const odd = items.findIndex(({ length }) => length !== size);
    if (odd >= 0)
      throw mismatch(
        `inputs[${odd}]`,
        `${size === 1 ? 'one text' : 'a pair of texts'}, as before`,
        items[odd],
      );
    const columns = (['text', 'text_pair'] as const).slice(0, size).map((name, column) =>
      textTensor(
        name,
        items.map((item) => item[column]),
        (index) => `inputs[${index}]`,
      ),
    );
    return {
      ...taskRequest(modelOf(body), { inputs: columns }, [scoresIn(body)], optionsOf(body)),
      isSingle,
    };
  },
  write({ outputs, request, labels }) {
    const lists = rowsOf(outputOf(outputs, request.outputs[0]!.name)).map((row) => {
      const scores = jsonFloats(row);
      const order = Array.from(row.keys()).toSorted((one, other) => row[other]! - row[one]!);
      return order.map((index) => ({ score: scores[index], label: labels?.[index] ?? `LABEL_${index}` }));
    });
    return request.isSingle ? lists[0]! : lists;
  },
});

/** The texts of `/predict`: `"a"`, `["a"]` and `["a", "b"]`, which is one pair, or an array of such arrays. */
function readSequences(value: unknown): {
  readonly items: readonly (readonly unknown[])[];
  readonly isSingle: boolean;
} {
  if (typeof value === 'string') return { items: [[value]], isSingle: true };
  const given = asItems(value, 'inputs');
  if (!Array.isArray(given[0])) return { items: [asSequence(given, 'inputs')], isSingle: true };
  return { items: given.map((item, index) => asSequence(item, `inputs[${index}]`)), isSingle: false };
}

/** Reads a text or a pair of texts. */
function asSequence(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value) && (value.length === 1 || value.length === 2)) return value;
  throw mismatch(path, 'one text, or a pair of texts', value);
}

function scoresIn(body: Members): TaskOutputName {
  return optional(body, 'raw_scores', asBoolean) === true ? 'logits' : 'scores';
}

function optionsOf(members: Members): TextOptions {
  const direction = optional(members, 'truncation_direction', asChoice(['Right', 'Left', 'right', 'left']));
  return {
    truncate: optional(members, 'truncate', asBoolean),
    truncationSide: direction?.toLowerCase() as TruncationSide | undefined,
    prompt: optional(members, 'prompt_name', asText),
  };
}
